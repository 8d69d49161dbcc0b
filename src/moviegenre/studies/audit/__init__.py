"""Near duplicates, genre names in plots and likely label errors in prepared data."""
