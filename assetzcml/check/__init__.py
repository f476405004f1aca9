"""The former address of what is in `assetzcml.reports`. Only `assetzcml.check.schema` is forwarded."""
