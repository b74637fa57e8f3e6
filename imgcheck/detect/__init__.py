"""Propose vehicles and craters, measure them, count them, and say what would be missed."""
