"""Our versioners and manifests, which may be asked with an environment in the place of a context."""

from assetzcml.bundles import version_manifests, versioners
from assetzcml.bundles.errors import VersionIndeterminableError
from assetzcml.bundles.options import _object
from assetzcml.bundles.version_manifests import Manifest
from assetzcml.bundles.versioners import Version
from webassets.bundle import context


class _Encoded:
    def __init__(self, hunk):
        self.hunk = hunk

    def data(self):
        content = self.hunk.data()
        return content.encode() if isinstance(content, str) else content


class TimestampVersion(versioners.TimestampVersion):
    def determine_version(self, bundle, ctx, hunk=None):
        return int(super().determine_version(bundle, context(bundle, ctx), hunk))


class HashVersion(versioners.HashVersion):
    def determine_version(self, bundle, ctx, hunk=None):
        return super().determine_version(bundle, context(bundle, ctx), hunk and _Encoded(hunk))


class _Asked:
    def query(self, bundle, ctx):
        return super().query(bundle, context(bundle, ctx))


class FileManifest(_Asked, version_manifests.FileManifest):
    pass


class JsonManifest(_Asked, version_manifests.JsonManifest):
    pass


class CacheManifest(_Asked, version_manifests.CacheManifest):
    def remember(self, bundle, ctx, version):
        super().remember(bundle, context(bundle, ctx), version)


versioners_by_word = {"hash": HashVersion, "timestamp": TimestampVersion}


def get_versioner(word):
    name, _, length = word.partition(":")
    return versioners_by_word[name](*([int(length)] if length else []))


def get_manifest(word, env):
    name, _, path = word.partition(":")
    if name == "cache":
        return CacheManifest()
    return {"file": FileManifest, "json": JsonManifest}[name].make(env, path or None)


__all__ = [
    "CacheManifest",
    "FileManifest",
    "HashVersion",
    "JsonManifest",
    "Manifest",
    "TimestampVersion",
    "Version",
    "VersionIndeterminableError",
    "_object",
    "get_manifest",
    "get_versioner",
]  # fmt: skip
