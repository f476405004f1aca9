"""Our environment, with webassets' signatures: a bundle that is made by name is one of those here."""

import assetzcml.bundles
from assetzcml.bundles import RegisterError, option_values
from webassets.bundle import Bundle

option_values.Config._dict = property(lambda config: config._values)


class Environment(assetzcml.bundles.Environment):
    def register(self, name, *contents, **options):
        if contents and not (len(contents) == 1 and not options and isinstance(contents[0], Bundle)):
            contents, options = (Bundle(*contents, **options),), {}
        return super().register(name, *contents, **options)

    @property
    def _named_bundles(self):
        return self._owner.holdings.named


__all__ = ["Environment", "RegisterError"]
