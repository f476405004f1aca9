"""The shop's pages. Each is a view that routes.zcml and views.zcml give a place."""

from webob.exc import HTTPNotFound

from shop.app import render

GOODS = {"cup": "A cup", "pot": "A pot"}


def home(request):
    return render(request, "shop:templates/page.html")


def item(request):
    name = request.matchdict["id"]
    if name not in GOODS:
        raise HTTPNotFound()
    picture = request.static_url(f"shop:static/images/{name}.svg")
    return render(request, "shop:templates/item.html", title=GOODS[name], picture=picture)


def about(request):
    return render(request, "shop:templates/text.html", title="About the shop", text="Cups and pots since 1911.")


def offers(request):
    return render(request, "shop:templates/text.html", title="Offers", text="Two cups for the price of one.")
