"""Declaring: said from Python, checked against all that is known, and said again by a reload. Reads no ZCML."""
