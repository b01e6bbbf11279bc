"""E-mail as programs write it: all text of the body is read, and the rest is counted."""

from collections import Counter
from collections.abc import Iterator
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.corpora.formats import ParsedFile, mail

HTML = "Content-Type: text/html; charset=utf-8\n\n<p>The <b>copper</b> kettle costs 80 euros.</p>"
PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
PICTURE = (
    "Content-Type: image/png; name=a.png\nContent-Disposition: inline; filename=a.png\n"
    "Content-Transfer-Encoding: base64\n\niVBORw0KGgo="
)
FORWARDED = (
    "Content-Type: message/rfc822\n\nSubject: Your copper\nFrom: c@mill.example\n"
    "Content-Type: text/plain\n\nIt comes on Friday."
)
ATTACHED = "Content-Type: text/plain\nContent-Disposition: attachment; filename=log.txt\n\nerror"
CALENDAR = "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nEND:VCALENDAR"


def multipart(kind: str, *parts: str, boundary: str = "X") -> str:
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{body}--{boundary}--\n'


def read(path: Path, message: str | bytes, headers: str = "Subject: Copper\n") -> ParsedFile:
    data = message if isinstance(message, bytes) else message.replace("\n", "\r\n").encode()
    (path / "a.eml").write_bytes(f"{headers}MIME-Version: 1.0\n".encode() + data)
    return mail.read(path / "a.eml")


MESSAGES = {
    "no plain text": (
        multipart("alternative", PLAIN, HTML),
        "The copper kettle costs 80 euros.",
        {},
    ),
    "a blank plain text": (
        multipart("alternative", f"{PLAIN} \n\u00a0\n", HTML),
        "The copper kettle costs 80 euros.",
        {},
    ),
    "no HTML": (
        multipart("alternative", f"{PLAIN}Copper.", "Content-Type: text/html\n\n<p> </p>"),
        "Copper.",
        {},
    ),
    "the same twice": (
        multipart("alternative", f"{PLAIN}The copper kettle\ncosts 80 euros.", HTML),
        "The copper kettle\ncosts 80 euros.",
        {},
    ),
    "a cut plain text": (
        multipart("alternative", f"{PLAIN}The copper kettle", HTML),
        "The copper kettle costs 80 euros.",
        {},
    ),
    "a plain text that points to the HTML": (
        multipart("alternative", f"{PLAIN}Your reader shows no HTML, sorry.", HTML),
        "Your reader shows no HTML, sorry.\n\nThe copper kettle costs 80 euros.",
        {},
    ),
    "text, picture, text": (
        multipart("mixed", f"{PLAIN}One.", PICTURE, f"{PLAIN}Two."),
        "One.\n\nTwo.",
        {"attachments of e-mail": 1},
    ),
    "HTML around a picture": (
        multipart("mixed", HTML, PICTURE, "Content-Type: text/html\n\n<h1>Yours, Ann</h1>"),
        "The copper kettle costs 80 euros.\n\n# Yours, Ann",
        {"attachments of e-mail": 1},
    ),
    "parts in parts": (
        multipart(
            "mixed",
            multipart(
                "related",
                multipart("alternative", PLAIN, HTML, boundary="B"),
                PICTURE,
                boundary="A",
            ),
            f"{PLAIN}-- \nSent to the list.",
        ),
        "The copper kettle costs 80 euros.\n\n-- \nSent to the list.",
        {"attachments of e-mail": 1},
    ),
    "a forwarded message": (
        multipart("mixed", f"{PLAIN}See below.", FORWARDED),
        "See below.\n\nYour copper\n\nIt comes on Friday.",
        {},
    ),
    "messages of a digest": (
        multipart("digest", *2 * [FORWARDED.removeprefix("Content-Type: message/rfc822\n")]),
        "Your copper\n\nIt comes on Friday.\n\nYour copper\n\nIt comes on Friday.",
        {},
    ),
    "a text that is attached": (
        multipart("mixed", f"{PLAIN}See the log.", ATTACHED),
        "See the log.",
        {"attachments of e-mail": 1},
    ),
    "a text that is shown": (
        multipart("mixed", f"{PLAIN}See the log.", ATTACHED.replace("attachment", "inline")),
        "See the log.\n\nerror",
        {},
    ),
    "an invitation": (
        multipart("alternative", f"{PLAIN}We meet.", CALENDAR),
        "We meet.",
        {"parts of e-mail that are no text, text/calendar": 1},
    ),
    "signed": (
        multipart(
            "signed; protocol=x", f"{PLAIN}It is true.", "Content-Type: application/x-pgp\n\nxyz"
        ),
        "It is true.",
        {"parts of e-mail that are no text, application/x-pgp": 1},
    ),
    "without a content type": ("\nJust text.", "Just text.", {}),
    "a boundary that never comes": (
        'Content-Type: multipart/mixed; boundary="Z"\n\nJust text.',
        "Just text.",
        {},
    ),
    "a transfer encoding": (
        f"{PLAIN.strip()}\nContent-Transfer-Encoding: quoted-printable\n\nM=C3=BCh=\nle",
        "Mühle",
        {},
    ),
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_the_text_of_a_message(kind: str, tmp_path: Path) -> None:
    message, text, counted = MESSAGES[kind]
    parsed = read(tmp_path, message)
    assert (parsed.title, parsed.text) == ("Copper", text)
    assert Counter(reason for reason, _ in parsed.notes) == counted


@pytest.mark.parametrize(
    ("header", "note"),
    [
        ("", 1),
        ("Content-Type: text/plain", 1),
        ("Content-Type: text/plain; charset=utf-8", 1),
        ("Content-Type: text/plain; charset=us-ascii", 1),
        ("Content-Type: text/plain; charset=unknown-8bit", 1),
        ("Content-Type: text/plain; charset=iso-8859-1", 0),
        ("Content-Type: text/html; charset=iso-8859-1", 0),
    ],
)
def test_the_encoding_of_a_message(tmp_path: Path, header: str, note: int) -> None:
    raw = f"{header}\nContent-Transfer-Encoding: 8bit\n\n".lstrip("\n").encode()
    parsed = read(tmp_path, raw + "Die Bänke – sie wackeln.\n".encode("cp1252"))
    assert parsed.text == "Die Bänke – sie wackeln."
    assert [reason for reason, _ in parsed.notes] == ["not UTF-8: read as windows-1252"] * note


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_headers_of_raw_bytes(tmp_path: Path, encoding: str) -> None:
    message = "Subject: Grüße vom Café\r\nFrom: Jörg <j@mill.example>\r\n\r\nText.".encode(encoding)
    (tmp_path / "a.eml").write_bytes(message)
    parsed = mail.read(tmp_path / "a.eml")
    assert (parsed.title, parsed.metadata["from"]) == ("Grüße vom Café", "Jörg <j@mill.example>")


def test_headers_that_are_broken(tmp_path: Path) -> None:
    headers = "Subject: =?utf-8?Q?M=C3=BChle?=\n of Ann\nFrom: <@>,,\nDate: no day\nTo: a@[\n"
    parsed = read(tmp_path, "\nText.", headers)
    assert (parsed.title, parsed.text) == ("Mühle of Ann", "Text.")
    assert "date" not in parsed.metadata


def test_names_of_attachments(tmp_path: Path) -> None:
    kind = "Content-Type: application/pdf\nContent-Disposition: attachment; filename"
    names = ["*=utf-8''M%C3%BChle.pdf", '="=?utf-8?Q?M=C3=BChle?=.csv"', "=plain.txt"]
    parts = [f"{kind}{name}\n\nx" for name in names]
    parsed = read(tmp_path, multipart("mixed", f"{PLAIN}Text.", *parts))
    assert parsed.metadata["attachments"] == ["Mühle.pdf", "Mühle.csv", "plain.txt"]
    assert parsed.notes[0] == ("attachments of e-mail", "Mühle.pdf")


Tree = list["str | Tree"]


@given(
    st.recursive(
        st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1).map(str.split),
        lambda parts: st.lists(parts, min_size=1, max_size=4),
        max_leaves=8,
    )
)
def test_no_part_is_lost(tmp_path_factory: pytest.TempPathFactory, tree: Tree) -> None:
    def made(node: Tree) -> MIMEMultipart | MIMEText:
        if all(isinstance(inner, str) for inner in node):
            return MIMEText(" ".join(map(str, node)), "plain", "utf-8")
        message = MIMEMultipart()
        for inner in node:
            message.attach(made([inner] if isinstance(inner, str) else inner))
        return message

    def extract_words(node: Tree) -> Iterator[str]:
        for inner in node:
            yield from [inner] if isinstance(inner, str) else extract_words(inner)

    path = tmp_path_factory.mktemp("mail") / "a.eml"
    path.write_bytes(bytes(made(tree)))
    assert mail.read(path).text.split() == [*extract_words(tree)]
