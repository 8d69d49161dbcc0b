"""How scores vary between training seeds."""
