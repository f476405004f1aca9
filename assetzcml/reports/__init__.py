"""What the configuration came to, for those who ask."""
