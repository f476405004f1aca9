"""The shop's back office: a package of its own, with assets of its own."""
