"""A small Starlette application whose assets other packages may override. See docs/starlette.rst."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from assetzcml import load_zcml
from assetzcml.integrations.starlette import Assets, template_context


def create_app(assets="starlette_app:configure.zcml"):
    """The application. *assets* names the ZCML to load; a theme's includes ours."""
    registry = load_zcml(assets)
    templates = Jinja2Templates(Path(__file__).parent / "templates", context_processors=[template_context(registry)])

    async def home(request):
        return templates.TemplateResponse(request, "home.html")

    return Starlette(routes=[Route("/", home), Assets(registry, "starlette_app:static")])
