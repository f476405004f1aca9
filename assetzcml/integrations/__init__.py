"""Overrides for those who do not ask a registry: Python's own resource readers, template engines, frameworks.

Each module is imported only when it is used, and each library it needs is an extra.
"""
