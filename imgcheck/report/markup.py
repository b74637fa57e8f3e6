"""HTML that is escaped unless somebody says otherwise: ``tag("p", hostile, class_="why")``.

The report carries strings out of files that strangers made. So the builder escapes every child
and every attribute, and refuses what no report needs: event handlers, inline styles, and
addresses other than an anchor on the same page or an image inside it.
"""

import re
from collections.abc import Iterable
from html import escape

from imgcheck.report.plain import safe

_NAME = re.compile(r"[a-z][a-z0-9]*", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9:-]*", re.IGNORECASE)
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})
_RAW = frozenset({"script", "style"})
_ADDRESSES = {"href": "#", "src": "data:image/"}


class Markup(str):
    """Text that is HTML already. Only this module makes it of anything else."""

    __slots__ = ()


def join(*children: object) -> Markup:
    """Put children behind one another; strings are escaped, ``None`` and ``False`` left out."""
    return Markup("".join(_parts(children)))


def _parts(children: Iterable[object]) -> Iterable[str]:
    for child in children:
        if child is None or child is False:
            continue
        if isinstance(child, Markup):
            yield str(child)
        elif isinstance(child, str):
            yield escape(safe(child), quote=True)
        elif isinstance(child, int | float):
            yield str(child)
        elif isinstance(child, Iterable):
            yield from _parts(child)
        else:
            raise TypeError(f"no HTML can be made of a {type(child).__name__}")


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Make one element.

    Parameters
    ----------
    name : str
        Element name.
    *children
        Text, numbers, `Markup`, or iterables of them.
    **attributes
        A trailing underscore is dropped (``class_``), others become hyphens. ``None`` and
        ``False`` leave the attribute out, ``True`` gives an empty one.

    Raises
    ------
    ValueError
        For an event handler, an inline style, or an address that leaves the page.
    """
    if not _NAME.fullmatch(name) or name in _RAW:
        raise ValueError(f"{name!r} is no element that tag() makes")
    opening = "".join([name, *_attributes(attributes)])
    if name in _VOID:
        if children:
            raise ValueError(f"<{name}> holds nothing")
        return Markup(f"<{opening}>")
    return Markup(f"<{opening}>{join(*children)}</{name}>")


def _attributes(attributes: dict[str, object]) -> Iterable[str]:
    for key, found in attributes.items():
        if found is None or found is False:
            continue
        name = key.rstrip("_").replace("_", "-")
        text = "" if found is True else str(found)
        if not _ATTRIBUTE.fullmatch(name) or name == "style" or name.lower().startswith("on"):
            raise ValueError(f"{name!r} is no attribute of a report")
        if not text.startswith(_ADDRESSES.get(name, "")):
            raise ValueError(f"{name} leads out of the page")
        shown = text if isinstance(found, Markup) else escape(safe(text), quote=True)
        yield f' {name}="{shown}"'


def raw(name: str, content: str) -> Markup:
    """Make a ``style`` or ``script`` element of the project's own text.

    Raises
    ------
    ValueError
        If the text could end its element early.
    """
    if name not in _RAW or "</" in content or "<!--" in content:
        raise ValueError(f"this cannot stand inside <{name}>")
    return Markup(f"<{name}>{content}</{name}>")
