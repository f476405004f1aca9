"""Configuration time: ZCML in, records out. Only here: lxml, zope.configuration and zope.schema."""
