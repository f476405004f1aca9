"""Requests to responses: pure decisions first, then the views and applications that act on them."""
