"""Flask-Admin, as its quick start has it, with a table: one line more."""

from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_sqlalchemy import SQLAlchemy
from walking import from_webob, walk

from assetzcml.integrations.flask import Assets

app = Flask(__name__)
app.config.update(SECRET_KEY="secret", SQLALCHEMY_DATABASE_URI="sqlite://")
db = SQLAlchemy(app)


class Cup(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))


admin = Admin(app, name="Shop")
admin.add_view(ModelView(Cup, db))
Assets(app, "skin:configure.zcml")
with app.app_context():
    db.create_all()
walk(from_webob(app.wsgi_app), ["/admin/", "/admin/cup/", "/admin/cup/new/"], r"css/bootstrap4/admin\.css")
