"""Settings, as a project has them; ASSETZCML names the ZCML to load, and a theme's includes ours."""

ASSETZCML = "django_app:configure.zcml"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "assetzcml.integrations.django.AssetMiddleware",
    "django.middleware.common.CommonMiddleware",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "assetzcml.integrations.django.AssetStorage"},
}
STATICFILES_FINDERS = [
    "assetzcml.integrations.django.AssetFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]

ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.staticfiles", "django_app"]
ROOT_URLCONF = "django_app.urls"
SECRET_KEY = "an example has no secrets"
STATIC_URL = "/collected/"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
USE_TZ = True
WSGI_APPLICATION = "django_app.wsgi.application"
