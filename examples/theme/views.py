"""The theme's pages: one that replaces the shop's, one on a route between the shop's, and one of its own."""

from shop.app import render


def about(request):
    return render(request, "shop:templates/text.html", title="About us", text="Green cups, and a shop around them.")


def best(request):
    picture = request.static_url("shop:static/images/cup.svg")
    return render(request, "shop:templates/item.html", title="What most people take", picture=picture)


def imprint(request):
    return render(request, "shop:templates/text.html", title="Imprint", text="The theme is by Theme Ltd.")
