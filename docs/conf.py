"""Sphinx configuration. The pages are plain reStructuredText; tests/test_docs.py executes their examples."""

project = "assetzcml"
author = copyright = "assetzcml contributors"
exclude_patterns = ["_build"]
highlight_language = "xml"
html_theme = "alabaster"
