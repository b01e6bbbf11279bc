"""Tables in HTML, for notebooks."""

from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from corpus_tuner.core.html_tables import render_html_table

cells = st.text("ab<>&\"'/ ;", min_size=1).filter(str.strip)


@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_every_cell_is_text_in_its_place(rows: list[tuple[str, str]]) -> None:
    table = html.fromstring(render_html_table(["<b>id</b>", "score & rank"], rows))
    assert [cell.text for cell in table.iter("th")] == ["<b>id</b>", "score & rank"]
    assert [[cell.text for cell in row] for row in table.find("tbody")] == [
        list(row) for row in rows
    ]


def test_values_of_any_type_are_cells() -> None:
    assert "<td>0.5</td><td>None</td>" in render_html_table(["a", "b"], [[0.5, None]])
