"""
webassets' names over our bundles: what webassets' own tests are run against (see test_webassets_tests.py).

Modules that are here stand for those of webassets; of the others its own are taken, from the checkout WEBASSETS_SRC: its filters,
which work on text, its loaders, its command and its Jinja2 tag, over our `Bundle` and `Environment`.
"""

import os

__path__.append(os.path.join(os.environ["WEBASSETS_SRC"], "webassets"))
__version__ = (3, 0, 0)

from webassets.bundle import Bundle  # noqa: E402  the path is there now
from webassets.env import Environment  # noqa: E402

__all__ = ["Bundle", "Environment"]
