"""Between webassets' texts and our bytes: its filters work here, and its tests look at text."""

import io

from assetzcml.bundles.filters.adapted import AdaptedFilter


class Adapted(AdaptedFilter):
    """A filter of webassets, whose level may change after it was given to a bundle."""

    @property
    def max_debug_level(self):
        return self.inner.max_debug_level

    @max_debug_level.setter
    def max_debug_level(self, value):
        pass


def adapted(filters):
    """What is given as filters of a bundle: ours, which run those of webassets. Raises ValueError."""
    from webassets.filter import get_filter

    if not filters:
        return ()
    if isinstance(filters, str):
        filters = [name.strip() for name in filters.split(",")]
    if not isinstance(filters, list | tuple):
        filters = [filters]
    return tuple(one if isinstance(one, AdaptedFilter) else Adapted(get_filter(one)) for one in filters)


class Encoding(io.RawIOBase):
    """A binary stream that writes to one of text."""

    def __init__(self, text):
        self.text = text

    def write(self, content):
        self.text.write(content.decode())
        return len(content)


class Hunk:
    """An output, as text."""

    def __init__(self, built):
        self.built = built

    def data(self):
        return self.built.data().decode()
