"""A package of directives: `skin`, `under` with `folder`, and `icons` with `icon`. Written from docs/own-directives.rst."""
