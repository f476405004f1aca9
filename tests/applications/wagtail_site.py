"""Wagtail, as `wagtail start` makes it: the application, the middleware, one setting."""

import os
import subprocess
import sys
from pathlib import Path

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from walking import walk

MODE = sys.argv[1]
SETTINGS = """
from .{base} import *

DEBUG = {debug}
SECRET_KEY = "secret"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS += ["assetzcml.integrations.django"]
MIDDLEWARE.insert(1, "assetzcml.integrations.django.AssetMiddleware")
ASSETZCML = "skin:configure.zcml"
"""

subprocess.run([Path(sys.executable).with_name("wagtail"), "start", "mysite"], check=True, capture_output=True)
base = "production" if MODE == "production" else "dev"
Path("mysite/mysite/settings/themed.py").write_text(SETTINGS.format(base=base, debug=MODE == "development"))
sys.path.insert(0, os.path.abspath("mysite"))
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings.themed"

django.setup()
call_command("migrate", verbosity=0)
if MODE == "production":  # in which Wagtail's settings have Django's ManifestStaticFilesStorage
    call_command("collectstatic", interactive=False, verbosity=0)
client = Client()
client.force_login(get_user_model().objects.create_superuser("admin", "admin@example.com", "admin"))


def get(path):
    response = (Client() if "login" in path else client).get(path)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return response.status_code, response.headers, body


pages = ["", "pages/", "pages/3/edit/", "images/", "documents/", "users/", "login/"]
walk(get, ["/", "/django-admin/", *(f"/admin/{page}" for page in pages)], r"wagtailadmin/css/core[.\w]*\.css")
