"""Made-up movies in MM-IMDb's own layout, for demos and tests."""
