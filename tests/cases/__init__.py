"""Tables of the kinds that people have, each with the answer it must give."""
