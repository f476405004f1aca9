"""Another look for `pyramid_app`, which knows nothing of it."""
