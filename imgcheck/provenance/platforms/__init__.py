"""Marks that platforms and programs leave, and the route they suggest."""
