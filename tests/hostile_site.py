"""
The tree that the hostile requests and the hostile ZCML are about: package `hostilepkg` with a root full of traps.

Its root is ``hostilepkg:www``, to be published at ``/static/`` (the names differ on purpose: a climb out of the
directory and back must not pass for a URL that was tidied), with ``private/`` under a permission that the client
does not hold. ``hostilepkg:alt`` is a second copy. Whatever no client may ever see contains `MARKER`.
"""

import contextlib
import gzip
import os
import stat
from pathlib import Path

MARKER = "S3CR3T"
MTIME = 1_704_164_645  # Tue, 02 Jan 2024 03:04:05 GMT
TEN_COPIES = 10

SCRIPT = b"console.log('app-ok');\n" * 40
NEGOTIATED = b"/* vary */ var x = 1;\n" * 200

OUTSIDE = [  # beside the root; several share its name as a prefix
    "secret.txt",
    "index.html",
    "app.ini",
    "www.txt",
    "www-private/x.txt",
    "www2/app.js",
    "www.bak/app.js",
    "wwwapp.js",
]

PUBLIC = {
    "index.html": b"<!doctype html><title>x</title>INDEX-OK\n",
    "app.js": SCRIPT,
    "css/main.css": b"body{color:#111} /* css-ok */\n" * 20,
    "sub/index.html": b"<!doctype html>SUBINDEX-OK\n",
    "sub/page.txt": b"page-ok\n",
    "noindex/file.txt": b"file-ok\n",
    "empty.txt": b"",
    "digits.txt": b"0123456789A",
    "kb.bin": b"".join(b"X%03dXXXXXX" % number for number in range(100)),
    "big.bin": bytes(range(256)) * 4096 * TEN_COPIES,  # 10 MiB
    # names that quoting gets wrong
    "a b.txt": b"space-ok\n",
    "\u00fcn\u00ef.txt": b"utf8-ok\n",
    "100%.txt": b"percent-ok\n",
    "a%2fb.txt": b"literal-percent-ok\n",
    "semi;colon.txt": b"semi-ok\n",
    "plus+sign.txt": b"plus-ok\n",
    "dots..in..name.txt": b"dots-ok\n",
    "...dots.txt": b"leading-dots-ok\n",
    "q?mark.txt": b"qmark-ok\n",
    "hash#tag.txt": b"hash-ok\n",
    "colon:name.txt": b"colon-ok\n",
    "UPPER.TXT": b"upper-ok\n",
    # variants, good and bad
    "vary.js": NEGOTIATED,
    "vary.js.gz": gzip.compress(NEGOTIATED, 9, mtime=0),
    "gzonly.js": SCRIPT,
    "gzonly.js.gz": gzip.compress(SCRIPT, 9, mtime=0),
    "trap.js": SCRIPT,  # its .gz is a link out of the root
    "trapdir.js": SCRIPT,  # its .gz is a directory
    "trapempty.js": SCRIPT,
    "trapempty.js.gz": b"",
}

FORBIDDEN = [  # inside the root: dotfiles, sources, editors' copies
    ".env",
    ".hidden",
    ".git/config",
    ".git/HEAD",
    ".htpasswd",
    "sub/.secret",
    "view.py",
    "configure.zcml",
    "app.js~",
    "app.js.bak",
    "#app.js#",
    "app.pyc",
]

ODD_TIMES = {  # a clamped date is fine, a failure is not
    "mtime_neg.txt": -86_400,
    "mtime_zero.txt": 0,
    "mtime_y10k.txt": 253_402_300_800,
    "mtime_future.txt": 4_102_444_800,
}

LINKS = {
    "link_in.js": "app.js",
    "link_out.txt": "../secret.txt",
    "trap.js.gz": "../secret.txt",
    "chain1": "chain2",
    "chain2": "../secret.txt",
    "alias_private.css": "private/report.css",
}

WILD_LINKS = {  # servers that walk the tree when they start may not survive these
    "dirlink_out": "..",
    "loop_a": "loop_b",
    "loop_b": "loop_a",
    "dangling.txt": "missing-target",
}


def build(base, *, tame=False):
    """
    Make the tree in *base*, which must not exist; returns the root that is published.

    A *tame* tree has no loops, no dangling link, no FIFO and no socket.
    """
    base = Path(base)
    package = base / "hostilepkg"
    write(base / "secret.txt", secret("GRANDPARENT"))
    write(base / "etc/passwd", b"root:x:0:0:S3CR3T-PASSWD\n")
    write(package / "__init__.py", b"# S3CR3T-PYSOURCE\n")
    for path in OUTSIDE:
        write(package / path, secret(path))
    for name in ("alt", "www"):
        root = package / name
        fill(root, base)
        if not tame:
            add_wild_things(root)
    return root


def fill(root, base):
    for path, content in PUBLIC.items():
        write(root / path, content)
    with contextlib.suppress(ImportError):
        import brotli

        write(root / "vary.js.br", brotli.compress(NEGOTIATED))
    for name, mtime in ODD_TIMES.items():
        write(root / name, b"mtime-ok\n")
        with contextlib.suppress(OSError, OverflowError):  # not every filesystem can store them
            os.utime(root / name, (mtime, mtime))
    for path in FORBIDDEN:
        write(root / path, secret(path))
    write(root / "back\\slash.txt", secret("BACKSLASH"))
    write(root / "private/report.css", secret("PRIVATE"))
    write(root / "private/report.css.gz", gzip.compress(secret("PRIVATE"), mtime=0))
    write(root / "private/index.html", secret("PRIVATE-INDEX"))
    (root / "trapdir.js.gz").mkdir()
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    (root / "abslink.txt").symlink_to(base.absolute() / "etc/passwd")
    write(root / "noperm.txt", secret("NOPERM"), mode=0o000)
    write(root / "nopermdir/x.txt", secret("NOPERMDIR"))
    (root / "nopermdir").chmod(0o000)


def add_wild_things(root):
    for name, target in WILD_LINKS.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "fifo.txt")
    with contextlib.suppress(PermissionError):  # some systems let only root do this
        os.mknod(root / "sock.txt", 0o644 | stat.S_IFSOCK)


def write(path, content, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    os.utime(path, (MTIME, MTIME))


def secret(name):
    return f"{MARKER}-{name.upper().replace('/', '-')}\n".encode()


def open_up(base):
    """Make what `build` locked readable again, so that the tree can be removed."""
    for directory in Path(base).glob("hostilepkg/*/nopermdir"):
        directory.chmod(0o755)
