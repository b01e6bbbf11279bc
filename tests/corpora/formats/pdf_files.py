"""PDF files for tests, as small as readers accept them: they find the objects without a table."""

from collections.abc import Sequence
from pathlib import Path


def write_pdf(
    path: Path,
    pages: Sequence[str],
    title: str = "",
    value: str = "",
    password: bool = False,
    unknown_glyphs: bool = False,
    outline: Sequence[tuple[int, str, int]] = (),
) -> None:
    """Write a file in Helvetica.

    Parameters
    ----------
    path
        Where.
    pages
        Their texts, lines parted by line feeds.
    title
        That of the document, which is never shown.
    value
        What is filled into a form on the first page.
    password
        Write it as a file that needs one.
    unknown_glyphs
        Let the letters be glyphs of which the font does not say what they mean.
    outline
        Level, title and page of the bookmarks; levels and pages from 0.
    """
    font = "/Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding"
    if unknown_glyphs:
        names = " ".join(f"/g{code}" for code in range(1, 27))
        font = (
            "/Type/Font/Subtype/Type1/BaseFont/ABCDEF+Own/FirstChar 1/LastChar 26/Widths["
            f"{'500 ' * 26}]/Encoding<</Type/Encoding/Differences[1 {names}]>>"
        )
    kids = " ".join(f"{10 + 2 * number} 0 R" for number in range(len(pages)))
    objects = {
        1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]/DA(/F 12 Tf)>>/Outlines 7 0 R>>",
        2: f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>",
        3: f"<<{font}>>",
        4: f"<</Title({title})>>",
        5: f"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V({value})/Rect[9 9 99 20]/P 10 0 R>>",
        6: f"<</Filter/Standard/V 1/R 2/P -4/O<{'a1' * 32}>/U<{'b2' * 32}>>>",
    }
    for number, page in enumerate(pages):
        shown = "".join(f"({line}) Tj 0 -14 Td " for line in page.split("\n") if line)
        content = f"BT /F 12 Tf 50 700 Td {shown}ET"
        at = 10 + 2 * number
        annotations = "/Annots[5 0 R]" if value and not number else ""
        objects[at] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>"
            f"/Contents {at + 1} 0 R{annotations}>>"
        )
        length = len(content.encode("cp1252"))
        objects[at + 1] = f"<</Length {length}>>\nstream\n{content}\nendstream"
    objects |= _make_outline(outline)
    body = "".join(f"{number} 0 obj\n{made}\nendobj\n" for number, made in objects.items())
    encrypt = f"/Encrypt 6 0 R/ID[<{'c3' * 16}><{'c3' * 16}>]" if password else ""
    trailer = f"trailer\n<</Root 1 0 R/Info 4 0 R{encrypt}>>\n%%EOF\n"
    path.write_bytes(f"%PDF-1.6\n{body}{trailer}".encode("cp1252"))


def _make_outline(outline: Sequence[tuple[int, str, int]]) -> dict[int, str]:
    """Return the objects of bookmarks, each linked to its first child and its next sibling."""
    first, objects = 1000, {}
    for at, (level, title, page) in [(-1, (-1, "", 0)), *enumerate(outline)]:
        later = [own for own, _, _ in outline[at + 1 :]]
        end = next((n for n, own in enumerate(later) if own <= level), len(later))
        links = f"/First {first + at + 1} 0 R" if end else ""
        if end < len(later) and later[end] == level:
            links += f"/Next {first + at + 1 + end} 0 R"
        shown = f"/Title({title})/Dest[{10 + 2 * page} 0 R/Fit]" if at >= 0 else ""
        objects[first + at if at >= 0 else 7] = f"<<{links}{shown}>>"
    return objects
