import os

from flask import Flask

from assetzcml.integrations.flask import Assets


def create_app(test_config=None):
    # create and configure the app
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(
        SECRET_KEY="dev",
        ASSETZCML=os.environ.get("SITE"),  # for example harbour_flask:configure.zcml
    )
    if test_config is not None:
        app.config.from_mapping(test_config)

    from . import blog

    app.register_blueprint(blog.bp)
    app.add_url_rule("/", endpoint="index")

    Assets(app)
    return app
