"""Sources, filters that show that they ran, and environments over them: what the tests of bundles work with."""

import os

from assetzcml.bundles import Environment, Filter

OLD = 1700000000  # seconds; long enough ago that nobody takes a file for one that is just being written


class Upper(Filter):
    """Capital letters: it shows in the output that it ran. Only in production."""

    name = "upper"

    def output(self, _in, out, **kw):
        out.write(_in.read().upper())


class Marked(Filter):
    """A mark before each source: it shows how often, and on what, it ran."""

    name = "marked"

    def input(self, _in, out, source="", **kw):
        out.write(f"[{source}]".encode() + _in.read())


class Always(Filter):
    """A compiler: its bundle is merged in debug mode too."""

    name = "always"
    max_debug_level = None

    def output(self, _in, out, **kw):
        out.write(b"compiled " + _in.read())


class Site:
    """Files below a directory, and environments over it."""

    def __init__(self, directory):
        self.directory = directory
        self.write("a.js", "var a;\n")
        self.write("b.js", "var b;\n")

    def write(self, name, content, mtime=OLD):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (mtime, mtime))
        return str(path)

    def replace(self, name, content, mtime=OLD):
        """Another file in its place, as editors and deployments do it."""
        os.replace(self.write(f"{name}.new", content, mtime), self.directory / name)

    def environment(self, **options):
        return Environment(str(self.directory), "/s", **options)

    def bundle(self, *contents, **options):
        """A bundle of a new environment; the environment's options are prefixed: `env_debug`."""
        given = {name.removeprefix("env_"): options.pop(name) for name in list(options) if name.startswith("env_")}
        return self.environment(**given).register("x", *contents, **options)

    def read(self, name):
        return (self.directory / name).read_bytes()

    def names(self, folder="gen"):
        """The files in a folder, hidden ones too."""
        path = self.directory / folder
        return sorted(os.listdir(path)) if path.is_dir() else []

    def file_at(self, url):
        """The bytes behind a URL of the environment."""
        return self.read(url.partition("?")[0].removeprefix("/s/"))
