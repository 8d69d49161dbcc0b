"""Attacks from outside: what a stranger, a hostile file or a greedy client can reach."""
