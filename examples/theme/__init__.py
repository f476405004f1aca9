"""A theme for the shop: replaces assets of a package it does not change."""
