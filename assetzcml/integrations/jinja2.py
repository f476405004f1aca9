"""Jinja2 templates whose names are specs, through overrides: `Environment(loader=AssetLoader(registry))`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Any

from assetzcml.errors import InvalidSpec, MissingExtra
from assetzcml.integrations.publishing import directory_spec
from assetzcml.integrations.templates import (
    BELOW,
    ORIGINAL,
    Layer,
    TemplateMissing,
    TemplateRoot,
    Templates,
    asset_url,
    is_plain,
    joined,
    refuse_cycle,
    template_roots,
)
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.registry import Registry

try:
    from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, PrefixLoader, Template, nodes, pass_context
    from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
    from jinja2.runtime import Context
except ModuleNotFoundError as error:
    if error.name != "jinja2":
        raise
    raise MissingExtra('AssetLoader needs Jinja2, which is not installed; pip install "assetzcml[jinja2]"') from None

__all__ = ["AssetLoader", "OriginalsLoader", "OverrideLoader", "asset_globals", "roots_of"]

# What a compiled template imports: `joined` for names that are not known before it is rendered, `entered` below.
JOINED, ENTERED = f"{__name__}.joined", f"{__name__}.entered"


class AssetLoader(BaseLoader):
    """
    Loads the templates of *registry* by their specs: `env.get_template("shop:templates/page.html")`.

    With *roots*, specs of directories, a plain name such as "page.html" is one too: the first root that has it counts,
    and an override of it in any root goes before them all.
    In `extends`, `include` and `import` a name without a colon is relative to the template that says it (a plain name
    stays plain where that template was asked for by one), and `!original` behind a name is what that template
    overrides. `asset_url` is there without being passed. Works in a ChoiceLoader; what is no template is then for the
    others.
    """

    def __init__(self, registry: Registry, roots: Iterable[Any] | Callable[[], Sequence[TemplateRoot]] = ()):
        self.registry = registry
        self._templates = Templates(registry, roots if callable(roots) else template_roots(roots))
        self._globals = asset_globals(registry)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """
        What a loader returns. Whoever compiles this alone has neither relative names nor more than one `!original`.

        Raises TemplateNotFound.
        """
        layer, source, uptodate = self._source(template)
        return source, layer.filename, uptodate

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 (Jinja's)
    ) -> Template:
        """The compiled template. Raises TemplateNotFound."""
        layer, source, uptodate = self._source(name)
        cache = environment.bytecode_cache
        bucket = cache.get_bucket(environment, name, layer.filename, source) if cache is not None else None
        code = bucket.code if bucket is not None else None
        if code is None:
            tree = environment.parse(source, name, layer.filename)
            code = environment.compile(_with_whole_names(tree, name, layer), name, layer.filename)
            if cache is not None and bucket is not None:
                bucket.code = code
                cache.set_bucket(bucket)
        known = {} if globals is None else globals
        for variable, function in self._globals.items():
            known.setdefault(variable, function)
        return environment.template_class.from_code(environment, code, known, uptodate)

    def list_templates(self) -> list[str]:
        """The plain names of all templates below the roots, those that only overrides supply among them."""
        return self._templates.names()

    def _source(self, name: str) -> tuple[Layer, str, Callable[[], bool]]:
        try:
            layer = self._templates.find(name)
            state = layer.state()
            source = layer.read().decode("utf-8")
        except (TemplateMissing, FileNotFoundError) as error:
            raise TemplateNotFound(name, message=str(error)) from None
        return layer, source, lambda: not self._templates.changed(name, layer, state)


class OverrideLoader(AssetLoader):
    """
    Puts overrides before *loader*, which finds all else as it always did: templates keep their names.

    *roots* are the directories that *loader* looks in. A template that nobody overrides is none of ours, and what the
    loader has beside these directories is left alone. A name with a colon is a spec where the loader does not know it.
    """

    def __init__(self, registry: Registry, roots: Iterable[Any] | Callable[[], Sequence[TemplateRoot]], loader: Any):
        super().__init__(registry, roots)
        self.loader = loader if loader is not None else ChoiceLoader([])

    def get_source(self, environment: Environment, template: str) -> Any:
        """That of the override, else that of the loader."""
        if self._is_ours(template):
            return super().get_source(environment, template)
        try:
            return self.loader.get_source(environment, template)
        except TemplateNotFound:
            if ":" not in template:
                raise
            return super().get_source(environment, template)

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 (Jinja's)
    ) -> Template:
        """The override, else what the loader has. With `auto_reload`, what is declared later is noticed."""
        if self._is_ours(name):
            return super().load(environment, name, globals)
        snapshot = self.registry.snapshot
        try:
            template: Template = self.loader.load(environment, name, globals)
        except TemplateNotFound:
            if ":" not in name:
                raise
            return super().load(environment, name, globals)
        own = template._uptodate
        template._uptodate = lambda: self.registry.snapshot is snapshot and (own is None or own())
        return template

    def list_templates(self) -> list[str]:
        try:
            known = self.loader.list_templates()
        except TypeError:  # a loader that cannot
            known = []
        return sorted({*known, *super().list_templates()})

    def _is_ours(self, name: str) -> bool:
        return "!" in name or self._templates.overridden(name)


def roots_of(loader: Any, spec_of: Callable[[str], AssetSpec] = directory_spec) -> list[TemplateRoot]:
    """
    The directories that a loader of Jinja2 looks in, in its order; *spec_of* makes the spec of a path.

    The loaders of a choice are looked into, and those of a PrefixLoader. One that has no directories, or names that are no
    paths below them, has none.
    """
    if isinstance(loader, ChoiceLoader):
        return [root for each in loader.loaders for root in roots_of(each, spec_of)]
    if isinstance(loader, OverrideLoader):
        return roots_of(loader.loader, spec_of)
    if isinstance(loader, PackageLoader):
        return [TemplateRoot(AssetSpec(loader.package_name, asset_spec(f"/{loader.package_path}").parts))]
    if isinstance(loader, PrefixLoader):
        return [
            TemplateRoot(root.directory, f"{name}{loader.delimiter}{root.prefix}")
            for name, each in loader.mapping.items()
            for root in roots_of(each, spec_of)
        ]
    return [TemplateRoot(spec_of(path)) for path in getattr(loader, "searchpath", ())]


class OriginalsLoader(BaseLoader):
    """
    Puts `!original` before the loader of pyramid_jinja2, which finds templates through overrides by itself.

    A name that a template says is relative to it, or below the search path, as that loader has it; only a name that ends
    with `!original` is ours, and the template that says it.
    """

    assetzcml_equipped = True
    PARENT = "@@FROM_PARENT@@"  # how that loader is told which template said the name

    def __init__(self, registry: Registry, loader: Any):
        self.registry = registry
        self.loader = loader
        self._templates = Templates(registry)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def get_source(self, environment: Environment, template: str) -> Any:
        uri, _, parents = template.partition(self.PARENT)
        if BELOW in uri:
            layer = self._find(uri)
            return layer.read().decode("utf-8"), layer.filename, None
        chain = [parent.partition(BELOW)[0] for parent in parents.split(self.PARENT)] if parents else []
        return self.loader.get_source(environment, self.PARENT.join([uri, *chain]))

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 (Jinja's)
    ) -> Template:
        source, filename, uptodate = self.get_source(environment, name)
        if ORIGINAL not in source:
            return super().load(environment, name, globals)
        tree = environment.parse(source, name, filename)
        layer = self._said_by(name, filename)
        if layer is not None:
            _name_originals(tree, name, layer)
        code = environment.compile(tree, name, filename)
        return environment.template_class.from_code(environment, code, {} if globals is None else globals, uptodate)

    def _find(self, name: str) -> Layer:
        try:
            return self._templates.find(name)
        except TemplateMissing as error:
            raise TemplateNotFound(name, message=str(error)) from None

    def _said_by(self, name: str, filename: str) -> Layer | None:
        """The layer that is the template *name*, read from *filename*; None for one that has no spec."""
        uri, *chain = name.split(self.PARENT)
        if BELOW in uri:
            return self._find(uri)
        for parent in (None, *(each.partition(BELOW)[0] for each in chain)):
            try:
                asked = uri if parent is None else str(joined(uri, parent, parent))
            except InvalidSpec:
                continue
            if not is_plain(asked):
                for layer in self._templates.layers(asked):
                    if layer.filename == filename:
                        return layer
        return None


def _name_originals(tree: nodes.Template, name: str, layer: Layer) -> None:
    """Say of each `!original` in a template what it is the original of."""
    found: list[Any] = list(tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)))
    for node in found:
        if isinstance(node.template, nodes.Const) and str(node.template.value).endswith(ORIGINAL):
            try:
                node.template = _whole(node.template, layer)
            except InvalidSpec as error:
                raise TemplateSyntaxError(str(error), node.lineno, name, layer.filename) from None


def asset_globals(registry: Registry) -> dict[str, Callable[..., str]]:
    """
    The global `asset_url` for an environment whose other templates want it too: `env.globals.update(...)`.

    It takes the variable `request` of the template where there is one.
    """
    make = asset_url(registry)

    @pass_context
    def url(context: Context, spec: str, **options: Any) -> str:
        return make(spec, context.get("request"), **options)

    return {"asset_url": url}


def entered(context: Context, name: str, source: str) -> None:
    """A template that extends another begins to be rendered. Raises TemplateCycle when it has done so before."""
    # All that extend one another share a context; what is included has its own.
    chain = context.__dict__.setdefault("_assetzcml_chain", [])
    chain.append((name, source))
    refuse_cycle(chain)


def _with_whole_names(tree: nodes.Template, name: str, layer: Layer) -> nodes.Template:
    """The template with every name it says made whole, and a check that it does not extend itself."""
    found: list[Any] = list(tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)))
    for node in found:
        try:
            node.template = _whole(node.template, layer)
        except InvalidSpec as error:
            raise TemplateSyntaxError(str(error), node.lineno, name, layer.filename) from None
    if tree.find(nodes.Extends) is not None:
        arguments = [nodes.ContextReference(), nodes.Const(name), nodes.Const(str(layer.source))]
        check = nodes.ExprStmt(nodes.Call(nodes.ImportedName(ENTERED), arguments, [], None, None), lineno=1)
        tree.body.insert(0, check)
        environment: Any = tree.environment
        check.set_environment(environment)
        check.set_lineno(1, override=True)
    return tree


def _whole(expression: nodes.Expr, layer: Layer) -> nodes.Expr:
    asked, source, prefix = str(layer.asked), str(layer.source), layer.prefix
    if isinstance(expression, nodes.Const):
        whole: nodes.Expr = nodes.Const(joined(expression.value, asked, source, prefix))
    elif isinstance(expression, nodes.List | nodes.Tuple):
        whole = nodes.List([_whole(item, layer) for item in expression.items])
    else:
        arguments = [expression, nodes.Const(asked), nodes.Const(source), nodes.Const(prefix)]
        whole = nodes.Call(nodes.ImportedName(JOINED), arguments, [], None, None)
    environment: Any = expression.environment
    whole.set_environment(environment)
    whole.set_lineno(expression.lineno, override=True)
    return whole
