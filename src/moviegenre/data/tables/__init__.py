"""Tables of films as people have them: one reader, one cleaner of fields, for every command."""
