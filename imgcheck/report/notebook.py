"""A report in a notebook: its page in a frame of its own."""

from html import escape

from imgcheck.model import Report
from imgcheck.report.verify_page import html

_HEIGHT_PX = 760


def frame(report: Report) -> str:
    """Return an ``iframe`` with the page of a report; nothing in it can reach the notebook.

    The posted picture itself is not in a `Report`, so the page shows its marks on an empty frame.
    """
    page = escape(html(report))
    return (
        f'<iframe title="imgcheck report" sandbox="allow-scripts" width="100%" '
        f'height="{_HEIGHT_PX}" srcdoc="{page}"></iframe>'
    )
