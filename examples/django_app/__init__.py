"""A small Django application whose assets other packages may override. See docs/django.rst."""
