"""The pages of the back office."""

from shop.app import render


def index(request):
    return render(request, "shop.admin:templates/page.html")
