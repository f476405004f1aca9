"""The command `assetzcml`: one room for each kind of work."""

from assetzcml.cli.commands import main

__all__ = ["main"]
