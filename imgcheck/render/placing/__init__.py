"""A placed picture as text and as a page."""

from imgcheck.render.placing.text import links, terminal

__all__ = ["links", "terminal"]
