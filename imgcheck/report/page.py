"""HTML pages from templates: everything escaped, nothing loaded, nothing foreign run.

Jinja2 escapes every value; before that, `finalize` replaces control and direction characters.
The content security policy allows the one style and the one script of the page, by their hashes,
and images inside the page. Everything works without the script; the script adds the slider.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from imgcheck.report import formatting, wording

#: What a picture begins with, and the type it is therefore served as. A stated media type is
#: ignored; SVG and HTML are not accepted as pictures here.
_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def render(template: str, *, rules: str = "", script: bool = True, **values: Any) -> str:
    """Return a page made from one of the templates of this package.

    Parameters
    ----------
    template : str
        File name in ``templates/``.
    rules : str
        Style rules for this page alone.
    script : bool, default True
        Whether the page carries the script of the package; without it, no script may run.
    **values
        Plain data for the template. Strings need no escaping.
    """
    style = _own("report.css") + rules
    code = _own("report.js") if script else ""
    for text in (style, code):
        if "</" in text or "<!--" in text:
            raise ValueError("a style or script would end its element early")
    scripts = f"'{_hash(code)}'" if script else "'none'"
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src {scripts}; base-uri 'none'; form-action 'none'"
    )
    page = environment().get_template(template)
    return page.render(policy=policy, style=Markup(style), script=Markup(code), **values) + "\n"


@cache
def environment() -> Environment:
    """Return the environment of every template of this package."""
    made = Environment(
        loader=PackageLoader("imgcheck.report"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "line": formatting.line,
        "first_sentence": formatting.first_sentence,
        "sentence": formatting.sentence,
        "number": formatting.number,
        "size": formatting.size,
        "measure": formatting.measure,
        "share": formatting.share,
        "unit": formatting.with_unit,
        "count": wording.count,
        "short": _short,
        "address": address,
        "quoted": formatting.quoted,
        "note": formatting.line,
    }
    made.globals |= {"words": wording}
    return made


def _shown(value: object) -> object:
    """Leave out ``None``, and make every string harmless before it is escaped."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup):
        return formatting.safe(value)
    return value


def _short(value: float) -> str:
    """Return a coordinate of a drawing with at most two decimals."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


def address(data: bytes) -> Markup | None:
    """Return the data address of a JPEG, PNG, GIF or WebP, or ``None`` for anything else."""
    found = next((kind for start, kind in _SIGNATURES if data.startswith(start)), None)
    if found is None and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = "image/webp"
    if found is None:
        return None
    return Markup(f"data:{found};base64,{base64.b64encode(data).decode('ascii')}")


def _own(name: str) -> str:
    """Read a file of the package; browsers hash line ends as \\n."""
    text = (files("imgcheck.report") / "templates" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
