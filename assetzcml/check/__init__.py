"""What the configuration came to, for those who ask. Imports no arm: what it needs of them it asks the registry for."""
