"""From a spec to the bytes: where packages lie, which layers are searched, what stands there."""
