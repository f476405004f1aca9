"""ZCML documents and trees of files, for tests that write their own."""

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
