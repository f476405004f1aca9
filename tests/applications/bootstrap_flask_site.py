"""Bootstrap-Flask, with the files that it ships: one line more."""

from flask import Flask, render_template_string
from flask_bootstrap import Bootstrap5
from walking import from_webob, walk

from assetzcml.integrations.flask import Assets

app = Flask(__name__)
app.config["BOOTSTRAP_SERVE_LOCAL"] = True
bootstrap = Bootstrap5(app)


@app.route("/")
def home():
    return render_template_string("{{ bootstrap.load_css() }}{{ bootstrap.load_js() }}")


Assets(app, "skin:configure.zcml")
walk(from_webob(app.wsgi_app), ["/"], r"bootstrap\.min\.css")
