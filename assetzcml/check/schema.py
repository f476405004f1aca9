"""The former address of `assetzcml.reports.xsd`, kept for code that imports it from here."""

from assetzcml.reports.xsd import schema_files, schemas

__all__ = ["schema_files", "schemas"]
