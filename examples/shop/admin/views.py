"""The pages of the back office."""

from webob.exc import HTTPMovedPermanently

from shop.app import render


def index(request):
    return render(request, "shop.admin:templates/page.html")


def enter(request):
    return HTTPMovedPermanently(location=request.route_path("admin"))
