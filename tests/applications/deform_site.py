"""deform's demonstration of a form in Pyramid, as its documentation has it: the include and one line."""

import colander
import deform
from pyramid.config import Configurator
from pyramid.response import Response
from walking import from_webob, walk


class Cup(colander.Schema):
    name = colander.SchemaNode(colander.String())
    born = colander.SchemaNode(colander.Date())
    story = colander.SchemaNode(colander.String(), widget=deform.widget.RichTextWidget())


def form(request):
    page = deform.Form(Cup(), buttons=("save",))
    resources = page.get_widget_resources()
    links = [f'<link rel="stylesheet" href="{request.static_url(spec)}">' for spec in resources["css"]]
    scripts = [f'<script src="{request.static_url(spec)}"></script>' for spec in resources["js"]]
    return Response("".join([*links, *scripts, page.render()]))


with Configurator() as config:
    config.include("assetzcml")
    config.include("pyramid_chameleon")
    config.add_static_view("static-deform", "deform:static")
    config.add_route("form", "/")
    config.add_view(form, route_name="form")
    config.load_zcml("skin:configure.zcml")
walk(from_webob(config.make_wsgi_app()), ["/"], r"scripts/deform\.js")
