"""Inverted lists of local features: the pictures worth comparing, out of very many."""
