"""Files in any encoding: what is declared, what is not, and what is damaged."""

import codecs
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.core.encodings import decode, find_codec, open_text

GERMAN = "Die Mühle am Fluß – sie mahlt „Ähren“ für 3 €."
WINDOWS = "not UTF-8: read as windows-1252"


@pytest.mark.parametrize(
    ("text", "encoding", "declared", "note"),
    [
        (GERMAN, "utf-8", (), ""),
        (GERMAN, "utf-8-sig", (), ""),
        (GERMAN, "utf-8", ("windows-1252",), ""),
        (GERMAN, "utf-16", (), "not UTF-8: read as UTF-16"),
        (GERMAN, "utf-32", (), "not UTF-8: read as UTF-32"),
        (GERMAN, "utf-16-le", ("utf-16-le",), ""),
        (GERMAN, "cp1252", (), WINDOWS),
        (GERMAN, "cp1252", ("utf-8",), WINDOWS),
        (GERMAN, "cp1252", ("utf-16",), WINDOWS),
        (GERMAN, "cp1252", ("us-ascii", "x-unknown", "base64", None), WINDOWS),
        (GERMAN, "cp1252", ("ISO-8859-1",), ""),
        ("Мельница на реке мелет зерно", "koi8-r", ("koi8-r", "cp1252"), ""),
        ("Мельница на реке мелет зерно", "cp1251", (None, "cp1251"), ""),
        ("水車小屋は川の近くにある", "shift_jis", ("Shift_JIS",), ""),
        ("水車小屋は川の近くにある", "iso2022_jp", ("iso-2022-jp",), ""),
        ("磨坊在河边", "gb18030", ("gb2312",), ""),
    ],
)
def test_text_in_any_encoding(
    text: str, encoding: str, declared: tuple[str | None, ...], note: str
) -> None:
    assert decode(text.encode(encoding), *declared) == (text, note)


@pytest.mark.parametrize("order", ["be", "le"])
@pytest.mark.parametrize("width", [16, 32])
def test_byte_order_marks(width: int, order: str) -> None:
    mark = getattr(codecs, f"BOM_UTF{width}_{order.upper()}")
    assert decode(mark + GERMAN.encode(f"utf-{width}-{order}")).text == GERMAN


def test_single_wrong_bytes_do_not_spoil_the_rest() -> None:
    damaged = f"{GERMAN} Bä".encode() + b" K\xe4se"
    assert decode(damaged) == (f"{GERMAN} Bä Käse", "damaged UTF-8: bytes read as windows-1252")
    damaged = ("磨坊在河边" * 50).encode("gb18030") + b"\xff"
    text, note = decode(damaged, "gbk")
    assert (text, note[:7]) == ("磨坊在河边" * 50, "damaged")


@given(st.binary(), st.sampled_from([None, "cp1251", "utf-16", "gbk", "iso-2022-jp", "nonsense"]))
def test_all_bytes_are_text(data: bytes, declared: str | None) -> None:
    text, _ = decode(data, declared)
    text.encode()


@given(st.text("aäöüß€éß ."))
def test_windows_1252_is_read_back(text: str) -> None:
    assert decode(b"\xe4 " + text.encode("cp1252"), "cp1252").text[2:] == text


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_files_are_decoded_line_by_line(tmp_path: Path, name: str, encoding: str) -> None:
    data = f"plain\r\n{GERMAN}\nlast".encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    with open_text(tmp_path / name) as text:
        lines = list(iter(text.readline, ""))
        notes = text.take_notes()
        assert text.take_notes() == []
    assert lines == ["plain\r\n", f"{GERMAN}\n", "last"]
    expected = {"cp1252": WINDOWS}.get(encoding, f"not UTF-8: read as {encoding.upper()}")
    assert notes == ([] if encoding.startswith("utf-8") else [expected])


def test_the_encoding_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for encoding in ("cp1251", "utf-16-le"):
        path.write_bytes("Мельница\n".encode(encoding))
        with open_text(path, encoding) as text:
            assert (text.readline(), text.take_notes()) == ("Мельница\n", [])


def test_names_of_encodings() -> None:
    assert find_codec("'Windows-1252'") == find_codec("latin1") == "cp1252"
    assert [find_codec(name) for name in ("base64", "unicode_escape", "ascii", "\0", "")] == [
        None
    ] * 5
