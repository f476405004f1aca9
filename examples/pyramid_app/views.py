"""The pages."""

from pyramid.view import forbidden_view_config, notfound_view_config, view_config


@view_config(route_name="home", renderer="pyramid_app:templates/home.jinja2")
def home(request):
    return {"title": "Tea"}


@notfound_view_config(renderer="string")
def not_found(request):
    request.response.status = 404
    return f"There is no {request.path}."


@forbidden_view_config(renderer="string")
def forbidden(request):
    request.response.status = 403
    return "Ask an admin."
