"""What can be wrong with bundles. Each error is a ConfigurationError, and can say where the bundle was declared."""

from __future__ import annotations

from assetzcml.errors import ConfigurationError, Origin, Problem

__all__ = [
    "WAYS_TO_WRITE",
    "BuildError",
    "BundleError",
    "BundleWarning",
    "NotBuilt",
    "OutdatedOutput",
    "RegisterError",
    "UnsetOption",
    "VersionIndeterminableError",
]


# What to do where outputs cannot be written.
WAYS_TO_WRITE = (
    "run `assetzcml build` where it can be written and deliver what it builds, let the site's environment say another "
    'directory, or set auto_build="false"'
)


class BundleError(ConfigurationError):
    """
    A bundle, or an option of its environment, is not as it has to be.

    >>> print(BundleError("it is empty", origin=Origin("site.zcml", 3, 5), hint="name a source"))
    site.zcml:3:5: it is empty; name a source
    """

    def __init__(
        self,
        *problems: Problem | str,
        origin: Origin | None = None,
        hint: str = "",
        exception: BaseException | None = None,
    ):
        super().__init__(
            *(p if isinstance(p, Problem) else Problem(origin, p, hint, exception=exception) for p in problems)
        )


class BuildError(BundleError):
    """The output of a bundle cannot be made. The last good one is still there."""


class OutdatedOutput(BuildError):
    """What was delivered is not what the configuration asks for, and nothing can be written: the former bytes are wrong."""


class RegisterError(BundleError):
    """A bundle cannot be registered: its name or its output is taken, or it contains itself."""


class UnsetOption(BundleError, OSError):
    """`directory` or `url` was never set. It is an EnvironmentError, as in webassets."""


class NotBuilt(BundleError, FileNotFoundError):
    """The output is needed and is not there, and nothing is built on demand."""


class VersionIndeterminableError(BundleError):
    """A versioner cannot say the version of what is already built. The message is the reason."""


class BundleWarning(UserWarning):
    """What is joined is not what its parts are: the text says where, what becomes of it, and what to do."""
