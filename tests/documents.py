"""ZCML documents, trees of files, and packages in them, for tests that write their own."""

import importlib
import sys

NAMESPACE = "http://namespaces.assetzcml.org/assets"


def document(text):
    """*text* as a whole ZCML document: it is wrapped in ``<configure>`` unless it has its own root."""
    if text.lstrip().startswith(("<configure", "<?xml", "<!--")):
        return text
    return f'<configure xmlns="{NAMESPACE}">\n{text}\n</configure>\n'


def write_tree(directory, files):
    """
    Write *files*, a mapping of relative path to text or bytes; a path that ends in a slash is a directory.

    A text that begins with '-> ' is a symbolic link to the rest.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        target = directory / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str) and content.startswith("-> "):
            target.symlink_to(content.removeprefix("-> "))
            continue
        target.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def look_again(directory):
    """
    Have imports see what was written below *directory*, on `sys.path` or not.

    `importlib.invalidate_caches` forgets what is installed as well, which is then read anew by whoever asks for it.
    """
    top = str(directory)
    for path, finder in list(sys.path_importer_cache.items()):
        if path.startswith(top) and finder is not None:
            finder.invalidate_caches()
    if any(directory.glob("*-info")):
        importlib.invalidate_caches()


def forget(packages):
    """Have *packages* imported anew by whoever imports them."""
    below = tuple(f"{name}." for name in packages)
    for module in list(sys.modules):
        if module in packages or module.startswith(below):
            del sys.modules[module]
