"""A small Flask application whose assets other packages may override. See docs/flask.rst."""

from flask import Flask, render_template

from assetzcml import load_zcml
from assetzcml.integrations.flask import Assets


def create_app(assets="flask_app:configure.zcml"):
    """The application. *assets* names the ZCML to load; a theme's includes ours."""
    app = Flask(__name__)
    Assets(load_zcml(assets), app)

    @app.route("/")
    def home():
        return render_template("home.html")

    return app
