"""Sphinx configuration. The pages are plain reStructuredText; tests/test_docs.py executes their examples."""

project = "assetzcml"
author = copyright = "assetzcml contributors"
exclude_patterns = ["_build"]
highlight_language = "xml"
html_theme = "furo"
html_title = "assetzcml"
html_static_path = ["_static"]
html_css_files = ["page.css"]
extensions = ["sphinx_copybutton"]
# A prompt is not copied, nor what is printed below it.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
