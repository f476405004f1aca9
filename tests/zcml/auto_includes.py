"""A package whose directives include files as z3c.autoinclude and Products.Five do: through zope.configuration."""

import glob
import io
import os

from zope.configuration import xmlconfig
from zope.interface import Interface
from zope.schema import TextLine

URI = "urn:auto"

META = f"""
<meta:directives xmlns:meta="http://namespaces.zope.org/meta" namespace="{URI}">
  <meta:directive name="include" schema="auto_includes.IFile" handler="auto_includes.include"/>
  <meta:directive name="includeOverrides" schema="auto_includes.IFile" handler="auto_includes.include_overrides"/>
  <meta:directive name="includeEach" schema="auto_includes.IFile" handler="auto_includes.include_each"/>
  <meta:directive name="exclude" schema="auto_includes.IFile" handler="auto_includes.exclude"/>
  <meta:directive name="parse" schema="auto_includes.IFile" handler="auto_includes.parse"/>
  <meta:directive name="text" schema="auto_includes.IText" handler="auto_includes.text"/>
  <meta:directive name="raises" schema="auto_includes.IFile" handler="auto_includes.raises"/>
</meta:directives>
"""
META = " ".join(META.split())


class IFile(Interface):
    file = TextLine(title="File")


class IText(Interface):
    text = TextLine(title="Text")


def include(context, file):
    xmlconfig.include(context, file, context.package)


def include_overrides(context, file):
    xmlconfig.includeOverrides(context, file, context.package)


def include_each(context, file):
    """All that match a pattern, one after the other: z3c.autoinclude has a list of packages."""
    for path in sorted(glob.glob(context.path(file))):
        xmlconfig.include(context, path)


def exclude(context, file):
    xmlconfig.exclude(context, file, context.package)


def parse(context, file):
    """By hand, past `xmlconfig.include`."""
    with open(context.path(file), encoding="utf-8") as stream:
        xmlconfig.processxmlfile(stream, context)


def text(context, text):
    stream = io.StringIO(text)
    stream.name = "<made up>"
    xmlconfig.processxmlfile(stream, context)


def raises(context, file):
    xmlconfig.include(context, file, context.package)
    raise LookupError(os.path.basename(file))
