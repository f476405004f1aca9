"""The template loader: the names of templates as they always were, through overrides."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.template import Origin, TemplateDoesNotExist
from django.template.base import BLOCK_TAG_END, BLOCK_TAG_START, Lexer, TokenType, tag_re
from django.template.loaders.base import Loader as BaseLoader

from assetzcml.integrations.django.projects import app_directory, asset_registry
from assetzcml.integrations.templates import ORIGINAL, Layer, TemplateMissing, TemplateRoot, Templates, joined
from assetzcml.records.assets import asset_spec

__all__ = ["Loader"]

NAMING = ("extends", "include")  # the tags that name a template first


class Loader(BaseLoader):
    """
    The loader of templates that packages may override; AssetzcmlConfig puts it before Django's own.

    A name is looked for in the DIRS of the engine and in the applications, in Django's order, and every override before
    that; a spec is a name too. `{% extends "!original" %}` is what the template that says it overrides.
    """

    is_usable = True

    def __init__(self, engine: Any, *arguments: Any):
        super().__init__(engine)
        self._templates: Templates | None = None

    @property
    def templates(self) -> Templates:
        registry = asset_registry()
        if self._templates is None or self._templates.registry is not registry:
            self._templates = Templates(registry, self._roots)
        return self._templates

    def _roots(self) -> list[TemplateRoot]:
        """The directories of templates, in the order of Django's own loaders."""
        project = [asset_spec(os.path.abspath(path)) for path in self.engine.dirs]
        installed = [app_directory(config, "templates") for config in apps.get_app_configs()]
        return [TemplateRoot(directory) for directory in (*project, *installed)]

    def get_template_sources(self, template_name: str) -> Iterator[Origin]:
        """Every file that the name means, each of which overrides the next: what `extends` of itself goes along."""
        if ORIGINAL in template_name or "!" in template_name:
            try:
                layers = [self.templates.find(template_name)]
            except TemplateMissing:
                layers = []
        else:
            layers = self.templates.layers(template_name)
        for layer in layers:
            origin = Origin(name=layer.filename, template_name=template_name, loader=self)
            origin.layer = layer
            yield origin

    def get_contents(self, origin: Any) -> str:
        """The source, in which each `!original` says of what. Raises TemplateDoesNotExist."""
        layer: Layer = origin.layer
        try:
            source = layer.read().decode("utf-8")
        except FileNotFoundError:
            raise TemplateDoesNotExist(origin) from None
        return _with_originals(source, layer) if ORIGINAL in source else source

    def get_dirs(self) -> list[str]:
        """What the reloader watches."""
        registry = asset_registry()
        paths = [registry.resolve(root.directory).abspath() for root in self._roots()]
        sources = {registry.resolve(each.source).abspath() for each in registry.snapshot.overrides if not each.file}
        return [path for path in (*paths, *sorted(filter(None, sources))) if path is not None]


def _with_originals(source: str, layer: Layer) -> str:
    """*source* with the names that end with `!original` made whole; what is verbatim or a comment stays."""
    pieces = tag_re.split(source)
    tokens = iter(Lexer(source).tokenize())
    made = []
    for piece in pieces:
        token = next(tokens) if piece else None
        if token is not None and token.token_type == TokenType.BLOCK:
            tag, *words = token.split_contents()
            if tag in NAMING and words and _is_original(words[0]):
                name = joined(words[0][1:-1], layer.asked, str(layer.source))
                piece = " ".join([BLOCK_TAG_START, tag, f'"{name}"', *words[1:], BLOCK_TAG_END])
        made.append(piece)
    return "".join(made)


def _is_original(word: str) -> bool:
    return word[:1] in ("'", '"') and word[-1:] == word[:1] and word[1:-1].endswith(ORIGINAL)
