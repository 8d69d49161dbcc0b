"""How much fusion models lose when posters or plots are missing."""
