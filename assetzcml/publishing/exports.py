"""
A frozen release as the configuration of other servers: nginx, Caddy, and the files `_headers` and `_redirects` of static hosts.

All of it is made of the headers that the manifest has, of which our own answers are made too. What a server cannot do is said
in what is written for it. What needs a permission is never published: an application hands it over, or nothing is written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from assetzcml.errors import ConfigurationError, Problem
from assetzcml.publishing.frozen_tree import FrozenTree, forever
from assetzcml.publishing.plans import IMMUTABLE, POINTER, pointer_of
from assetzcml.records.quoting import FIRST_SAFE
from assetzcml.records.readers import CODINGS
from assetzcml.resolving.releases import BrokenRelease, Release

__all__ = ["EXPORTS", "exported"]

ONLY_READ = "if ($request_method !~ ^(GET|HEAD)$) { return 405; }"
MOST_RULES = 100  # of `_headers` that some hosts read


class PathHeaders(NamedTuple):
    """A path, with its first slash, and the headers that are said of what is there; *forever*, or of this release."""

    path: str
    headers: dict[str, str]
    forever: bool


class FolderAnswers(NamedTuple):
    """
    A folder, below that of the site, with what is answered from it; what none of these *answers* is, as a name of a former
    release, is answered as most of *usual* are.
    """

    word: str
    folder: str
    answers: list[PathHeaders]
    usual: list[PathHeaders]


class ReleasedSite:
    """What a release publishes, as servers are told: a frozen directory, or one that it was *published* to."""

    def __init__(self, tree: FrozenTree, release: Release, published: bool = False):
        self.directory = tree.directory
        self.published = published
        self.digest = release.digest
        self.codings: list[str] = release.about.get("codings", [])
        named = {view.get("name", ""): view for view in release.about["views"]}
        if published:  # what another host answers is answered from here: it is what that host has behind it
            named = {name: {**view, "name": _path_of(name)} for name, view in named.items()}
        else:
            named = {name: view for name, view in named.items() if "//" not in name}
        self.views: list[dict[str, Any]] = list({view.get("name", ""): view for view in named.values()}.values())
        tables = [dict(pairs) for pairs in release.about["headers"]]
        self.answers: list[PathHeaders] = []
        self.indexes: list[str] = []
        for asset in release:
            if asset.view not in named or asset.permission is not None:
                continue
            for path in forever(asset):
                self.answers.append(PathHeaders(f"/{path}", tables[asset.more["headers"]], True))
            if "plain" in asset.more:
                path = f"/{asset.more['path']}"
                self.answers.append(PathHeaders(path, tables[asset.more["plain"]], False))
                view = named[asset.view]
                if not view.get("file") and view.get("index") and path.endswith(f"/{view['index']}"):
                    self.indexes.append(path)

    def open_views(self) -> list[dict[str, Any]]:
        """The static views that everybody may see; the longest name first."""
        found = [view for view in self.views if not view.get("permission")]
        return sorted(found, key=lambda view: (-len(view.get("name", "")), view.get("name", "")))

    def protected(self) -> list[dict[str, Any]]:
        return [view for view in self.views if view.get("permission")]

    def below(self, view: dict[str, Any], forever: bool) -> list[PathHeaders]:
        """The answers below the name of a view, but for those of a longer one."""
        return [each for each in self.answers if each.forever == forever and self.view_of(each.path) is view]

    def parts(self, view: dict[str, Any]) -> list[FolderAnswers]:
        """Where the answers below the name of a view lie: names for ever first, or all in one place."""
        lasting, plain = self.below(view, True), self.below(view, False)
        if self.published:
            return [FolderAnswers("all", "", [*lasting, *plain], lasting)]
        return [FolderAnswers("forever", "/names", lasting, lasting), FolderAnswers("plain", "/current", plain, plain)]

    def view_of(self, path: str) -> dict[str, Any] | None:
        for view in self.open_views():
            name = view.get("name", "")
            if path == f"/{name}" or not name or path.startswith(f"/{name}/"):
                return view
        return None

    def real(self) -> list[str]:
        """The paths that end as a variant does, and are assets."""
        return sorted(each.path for each in self.answers if each.path.endswith(tuple(CODINGS.values())))


def _path_of(name: str) -> str:
    """Where a static view of that name lies: behind the host, where it has one."""
    return urlsplit(name).path.strip("/") if "//" in name else name


def exported(kind: str, directory: str) -> dict[str, str]:
    """
    What the release that a directory serves, frozen or published to, is for another server: texts by the name of the file
    that holds each.

    Raises ConfigurationError where there is no release, and where what needs a permission would be published.
    """
    tree = FrozenTree(directory)
    digest = tree.current
    published = digest is None
    try:
        if digest is None:
            digest = pointer_of(directory)
        if digest is None:
            raise FileNotFoundError
        release = tree.releases.read(digest)
    except FileNotFoundError:
        raise ConfigurationError(f"{directory} is no frozen directory; freeze first, or publish to it") from None
    except BrokenRelease as error:
        raise ConfigurationError(f"{directory}: the manifest of {digest}: {error}") from None
    return EXPORTS[kind](ReleasedSite(tree, release, published))


def _refuse_protected(views: Iterable[dict[str, Any]], why: str, hint: str) -> None:
    problems = [
        Problem(
            None,
            f"the static view {view.get('name') or '/'!r} needs the permission {view['permission']!r}: {why}",
            hint,
        )
        for view in views
    ]
    if problems:
        raise ConfigurationError(*problems)


def _values(part: FolderAnswers) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each header of some answers: its name, the value that most have, and, by path, what others have ('' for none)."""
    answers = part.answers
    names = sorted({name for each in answers for name in each.headers})
    for name in names:
        most = _common(Counter(each.headers.get(name, "") for each in part.usual or answers))
        yield (
            name,
            most,
            {each.path: each.headers.get(name, "") for each in answers if each.headers.get(name, "") != most},
        )


def _common(counts: Counter[str]) -> str:
    """The most frequent of some texts; of several the first in order."""
    return min(counts, key=lambda value: (-counts[value], value))


# nginx.


def _nginx(site: ReleasedSite) -> dict[str, str]:
    unsent = [view for view in site.protected() if (view.get("send") or [""])[0].lower() != "x-accel-redirect"]
    _refuse_protected(
        unsent,
        "nginx would give it to everybody",
        'say send="X-Accel-Redirect /protected" there, and let the application answer it',
    )
    maps: list[str] = []
    locations: list[str] = []
    for number, view in enumerate(site.open_views()):
        locations += _nginx_view(site, view, number, maps)
    for view in site.protected():
        prefix = view["send"][1].rstrip("/")
        locations += [f"# {view['name']}: the application asks for the permission {view['permission']!r}, and hands over.",
                      f"location ^~ {_nginx_text(prefix + '/')} {{", "    internal;",
                      f"    alias {_nginx_value(site.directory + '/objects/')};", "}"]  # fmt: skip
    if site.published:
        locations += _nginx_release(site)
    real = [f"    {_nginx_text(path)} 0;" for path in site.real()]
    suffixes = "|".join(suffix[1:] for suffix in CODINGS.values())
    maps += ['geo $assetzcml_dollar { default "$"; }', 'geo $assetzcml_question { default "?"; }',
             "# A variant is sent in the place of its asset, and has no address of its own.",
             "map $uri $assetzcml_variant {", "    default 0;", *real, f'    "~\\.({suffixes})$" 1;', "}"]  # fmt: skip
    count = 2 * len(site.answers) + 64
    size = max(2048, 1 << count.bit_length())
    bucket = max(128, 1 << (max([len(each.path.encode()) for each in site.answers], default=0) + 32).bit_length())
    head = [
        f"# Release {site.digest[:12]}, for nginx: include the maps in http {{}}, and the locations in server {{}}.",
        "# zstd: Debian's nginx has no module for it, and sends no .zst file. gzip: by gzip_static. br: with the",
        "# module brotli (libnginx-mod-http-brotli-static), put 'brotli_static on;' into the server; it goes before gzip then.",
    ]
    return {
        "maps.conf": "\n".join([*head, f"map_hash_max_size {size};", f"map_hash_bucket_size {bucket};", *maps, ""]),
        "locations.conf": "\n".join([*head, *locations, ""]),
    }


def _nginx_view(site: ReleasedSite, view: dict[str, Any], number: int, maps: list[str]) -> list[str]:
    """The locations of one static view: names for ever first, then those of the release."""
    name = view.get("name", "")
    missing = _nginx_missing(view, number)
    other = f"@assetzcml_{number}_missing" if missing else "=404"
    at = f"= {_nginx_text(f'/{name}')}" if view.get("file") else f"^~ {_nginx_text(f'/{name}/')}" if name else '"/"'
    found: list[str] = []
    parts = site.parts(view)
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        behind = f"@assetzcml_{number}" if following is not None else other
        said = _nginx_said(part, number, maps)
        found += _nginx_location(at, part.folder, said.lines, behind, site, guarded=part is parts[0])
        for path, special in said.others.items():
            own = [*said.shared, *special]
            found += _nginx_location(f"= {_nginx_text(path)}", part.folder, own, behind, site, guarded=True)
        at = f"@assetzcml_{number}"
    for path in site.indexes:
        if site.view_of(path) is view:
            folder = path.rpartition("/")[0]
            found.append(
                f"location = {_nginx_text(folder + '/')} {{ {ONLY_READ} rewrite ^ {_nginx_path(path)} last; }}"
            )
            if folder:
                last = _nginx_value(quote(folder.rpartition("/")[2], safe=FIRST_SAFE) + "/")
                found.append(
                    f'location = {_nginx_text(folder)} {{ {ONLY_READ} return 301 {last[:-1]}$is_args$args"; }}'
                )
    return found + missing


class LocationBlock(NamedTuple):
    """What nginx is to say in a location: *lines*, of which *shared* hold for the paths whose type is one of their own too."""

    lines: list[str]
    shared: list[str]
    others: dict[str, list[str]]


def _nginx_said(part: FolderAnswers, number: int, maps: list[str]) -> LocationBlock:
    answers = part.answers
    shared: list[str] = []
    for place, (header, most, others) in enumerate(_values(part)):
        if header == "Content-Type":
            continue
        value = _nginx_value(most)
        if others:
            variable = f"$assetzcml_{number}_{part.word}_{place}"
            maps += [f"map $assetzcml_name {variable} {{", f"    default {value};"]
            maps += [f"    {_nginx_text(path)} {_nginx_value(other)};" for path, other in sorted(others.items())]
            maps.append("}")
            value = variable
        shared.append(f"add_header {header} {value};")
    types, default, special = _types(answers)
    lines = [*shared, "types {", *(f"    {_nginx_text(value)} {extension};" for extension, value in types.items()), "}",
             f"default_type {_nginx_text(default)};"]  # fmt: skip
    own = {path: ["types { }", f"default_type {_nginx_text(value)};"] for path, value in special.items()}
    return LocationBlock(lines, shared, own)


def _types(answers: list[PathHeaders]) -> tuple[dict[str, str], str, dict[str, str]]:
    """The media types of extensions, that of what has none, and those of paths where it is another."""
    counts: dict[str, Counter[str]] = {}
    for each in answers:
        counts.setdefault(_extension(each.path), Counter())[each.headers.get("Content-Type", "")] += 1
    most = {
        extension: min(value for value, n in count.items() if n == max(count.values()))
        for extension, count in counts.items()
    }
    special = {each.path: each.headers.get("Content-Type", "") for each in answers
               if each.headers.get("Content-Type", "") != most[_extension(each.path)]}  # fmt: skip
    default = most.get("", "application/octet-stream")
    return {extension: most[extension] for extension in sorted(most) if extension}, default, special


def _extension(path: str) -> str:
    """As nginx reads it; '' for one that its configuration could not say."""
    found = re.search(r"\.([0-9A-Za-z_+-]+)$", path.rpartition("/")[2])
    return "" if found is None else found[1].lower()


def _nginx_location(
    at: str, folder: str, lines: list[str], other: str, site: ReleasedSite, guarded: bool = False
) -> list[str]:
    return [
        f"location {at} {{",
        "    set $assetzcml_name $uri;",
        *(["    if ($assetzcml_variant) { return 404; }", f"    {ONLY_READ}"] if guarded else []),
        f"    root {_nginx_value(site.directory + folder)};",
        "    gzip_static on;",
        *(f"    {line}" for line in lines),
        f"    try_files $uri {other};",
        "}",
    ]


def _nginx_release(site: ReleasedSite) -> list[str]:
    """What `assetzcml verify URL` reads first."""
    root = f"    root {_nginx_value(site.directory)};"
    return [f'location = "/{POINTER}" {{', root, *_nginx_one("no-cache", "text/plain; charset=utf-8"), "}",
            'location ^~ "/generations/" {', root, *_nginx_one(IMMUTABLE, "application/json"), "}"]  # fmt: skip


def _nginx_one(caching: str, kind: str) -> list[str]:
    return [f'    add_header Cache-Control "{caching}";', "    types { }", f'    default_type "{kind}";']


def _nginx_missing(view: dict[str, Any], number: int) -> list[str]:
    """What is sent in the place of what is missing."""
    lines: list[str] = []
    prefix = f"/{view['name']}/" if view.get("name") else "/"
    page, other = view.get("single_page"), view.get("not_found")
    if not page and not other:
        return []
    lines = [f"location @assetzcml_{number}_missing {{"]
    if other:
        lines.append(f"    error_page 404 {_nginx_path(prefix + other)};")
    if page:
        lines += ['    if ($uri ~ "\\.[^/]*$") { return 404; }', f"    rewrite ^ {_nginx_path(prefix + page)} last;"]
    else:
        lines.append("    return 404;")
    return [*lines, "}"]


def _nginx_text(text: str) -> str:
    """A text as nginx reads it where there are no variables."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _nginx_value(text: str) -> str:
    """A text where '$' would begin a variable: there is one for it, which `geo` gives, that knows no variables."""
    return _nginx_text(text).replace("$", "${assetzcml_dollar}")


def _nginx_path(path: str) -> str:
    """The path of a URL that a request is sent on to: behind a '?' would be its query."""
    return _nginx_value(path).replace("?", "${assetzcml_question}")


# Caddy.


def _caddy(site: ReleasedSite) -> dict[str, str]:
    _refuse_protected(site.protected(), "Caddy would give it to everybody", "let the application answer it")
    real = site.real()
    patterns = " ".join(f"*{suffix}" for suffix in CODINGS.values())
    lines = [
        f"# Release {site.digest[:12]}, for Caddy: import it in the block of the site.",
        "@assetzcml_variant {",
        f"\tpath {patterns}",
        *([f"\tnot path {' '.join(map(_caddy_path, real))}"] if real else []),
        "}",
        "@assetzcml_written not method GET HEAD",
        "route {",
    ]
    if site.published:
        for path, caching, kind in ((f"/{POINTER}", "no-cache", "text/plain; charset=utf-8"),
                                    ("/generations/*", IMMUTABLE, "application/json")):  # fmt: skip
            lines += [f"\thandle {path} {{", f'\t\theader Cache-Control "{caching}"', f'\t\theader Content-Type "{kind}"',
                      f"\t\troot * {_caddy_path(site.directory)}", "\t\tfile_server", "\t}"]  # fmt: skip
    for number, view in enumerate(site.open_views()):
        lines += [f"\t{line}" for line in _caddy_view(site, view, number)]
    return {"Caddyfile": "\n".join([*lines, "}", ""])}


def _caddy_view(site: ReleasedSite, view: dict[str, Any], number: int) -> list[str]:
    name = view.get("name", "")
    exact = [_caddy_path(f"/{name}")] if name else []
    at = exact if view.get("file") else [*exact, _caddy_text(f"/{name}/*") if name else "/*"]
    own = f"@assetzcml_{number}"
    unsaid = [word for word in ("not_found", "single_page") if view.get(word)]
    told = [f"# {name or '/'}: {' and '.join(unsaid)} are not in this file; say handle_errors."] if unsaid else []
    lines = [*told, f"{own} path {' '.join(at)}", f"handle {own} {{", "\troute {"]
    inner = ["error @assetzcml_written 405", "error @assetzcml_variant 404"]
    for path in site.indexes:
        folder = path.rpartition("/")[0]
        if site.view_of(path) is view:
            if folder:
                last = quote(folder.rpartition("/")[2], safe=FIRST_SAFE)
                inner.append(f"redir {_caddy_path(folder)} {_caddy_text(last + '/')} 301")
            inner.append(f"rewrite {_caddy_path(folder + '/')} {_caddy_path(path)}")
    for part in site.parts(view):
        if not part.answers:
            continue
        matcher = f"{own}_{part.word}"
        root = _caddy_path(site.directory + part.folder)
        inner += [f"{matcher} file {{", f"\troot {root}", "\ttry_files {path}", "}", f"route {matcher} {{"]
        for header, most, others in _values(part):
            if most:
                inner.append(f"\theader {header} {_caddy_text(most)}")
            inner += [
                f"\t{line}" for line in _caddy_others(header, others, f"{matcher}_{header.lower().replace('-', '_')}")
            ]
        inner += ["\tfile_server {", f"\t\troot {root}", "\t\tdisable_canonical_uris"]
        inner += [f"\t\tprecompressed {' '.join(site.codings)}"] if site.codings else []
        inner += ["\t}", "}"]
    lines += [f"\t\t{line}" for line in inner]
    return [*lines, "\t\terror 404", "\t}", "}"]


def _caddy_others(header: str, others: dict[str, str], matcher: str) -> list[str]:
    by_value: dict[str, list[str]] = {}
    for path, value in sorted(others.items()):
        by_value.setdefault(value, []).append(path)
    lines = []
    for number, (value, paths) in enumerate(sorted(by_value.items())):
        lines.append(f"{matcher}_{number} path {' '.join(map(_caddy_path, paths))}")
        name = header if value else f"-{header}"
        lines.append(f"header {matcher}_{number} {name}{' ' + _caddy_text(value) if value else ''}")
    return lines


def _caddy_text(text: str) -> str:
    """
    A text as Caddy reads it: between two '`' all characters stand for themselves. Raises ConfigurationError for what cannot be
    said: the name of anything that Caddy knows, in braces, would be what that is, a variable of the environment for instance.
    """
    if re.search(r"`|\{\$|\{[^\"{}\s]*\}|[\x00-\x1f]", text):
        _refuse_in_caddyfile(text)
    return f"`{text}`" if re.search(r"[\s\"{}#\\]", text) else text


def _caddy_path(path: str) -> str:
    """The same of a path, where braces, and what is compared with those of requests as a pattern, cannot be said."""
    if re.search(r"[*%?#\[\]\\{}]", path):
        _refuse_in_caddyfile(path)
    return _caddy_text(path)


def _refuse_in_caddyfile(text: str) -> None:
    raise ConfigurationError(
        Problem(None, f"a Caddyfile cannot say {text!r}", "say something else, or let nginx serve it")
    )


# Static hosts.


def _headers(site: ReleasedSite) -> dict[str, str]:
    _refuse_protected(site.protected(), "a static host gives it to everybody", "let the application answer it")
    rules: dict[str, tuple[tuple[str, str], ...]] = {}
    for each in sorted(site.answers):
        rule = tuple((name, value) for name, value in each.headers.items() if name not in ("Content-Type", "Vary"))
        tree = re.match(r"(.*/~[0-9a-f]{12}/)", each.path)
        path = f"{quote(tree[1])}*" if tree is not None and each.forever else quote(each.path)
        if rules.setdefault(path, rule) != rule:
            rules[quote(each.path)] = rule
    lines = [f"# Release {site.digest[:12]}. The type of a file, its codings and Vary are the host's."]
    if len(rules) > MOST_RULES:
        lines.append(f"# {len(rules)} rules: some hosts read {MOST_RULES} at most; a tree version needs one for all.")
    for path, rule in rules.items():
        lines += [path, *(f"  {name}: {value}" for name, value in rule)]
    redirects = [f"{quote(path.rpartition('/')[0])} {quote(path.rpartition('/')[0])}/ 301"
                 for path in site.indexes if path.rpartition("/")[0]]  # fmt: skip
    return {"_headers": "\n".join([*lines, ""]), "_redirects": "\n".join([*redirects, ""]) if redirects else ""}


EXPORTS = {"nginx": _nginx, "caddy": _caddy, "headers": _headers}
