"""Tables in HTML, for notebooks."""

from collections.abc import Iterable, Sequence
from html import escape


def render_html_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in HTML; every cell is escaped.

    Examples
    --------
    >>> render_html_table(["id"], [["<mill>"]])
    '<table><thead><tr><th>id</th></tr></thead><tbody><tr><td>&lt;mill&gt;</td></tr></tbody></table>'
    """
    head = _render_row("th", columns)
    body = "".join(_render_row("td", row) for row in rows)
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def _render_row(tag: str, cells: Iterable[object]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"
