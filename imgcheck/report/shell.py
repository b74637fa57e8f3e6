"""What every page carries: its own style and script, and a policy that lets nothing else in."""

import base64
import hashlib
from importlib.resources import files


def own(name: str) -> str:
    """Read a piece of the page that comes with the package; browsers hash line ends as \\n."""
    text = (files("imgcheck.report") / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def policy(*, style: str, script: str | None = None) -> str:
    """Give the content security policy for one style and one script, or no script at all."""
    scripts = "'none'" if script is None else f"'{_hash(script)}'"
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src {scripts}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
