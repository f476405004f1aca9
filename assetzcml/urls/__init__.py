"""From an asset to its URL. Imports no other arm: what it needs of them it asks the registry for."""
