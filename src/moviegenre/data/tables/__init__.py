"""Tables of films: one reader and one cleaner of cells for all commands."""
