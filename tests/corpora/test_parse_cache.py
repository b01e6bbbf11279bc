"""Cache of parsed files."""

import json
import os
from pathlib import Path

import pytest

from corpus_tuner.corpora import folder, formats
from corpus_tuner.corpora.formats import ParsedFile, markdown
from corpus_tuner.corpora.parse_cache import ParseCache
from tests.cli.conftest import Run
from tests.corpora.formats.pdf_files import write_pdf


def test_notes_are_kept_with_what_was_read(tmp_path: Path, small: list[str], run: Run) -> None:
    notes, index = tmp_path / "notes", tmp_path / "index"
    notes.mkdir()
    write_pdf(notes / "a.pdf", ["The mill turns.", ""])
    (notes / "b.html").write_bytes("<p>Die Mühle".encode("cp1252"))
    build = ("build", notes, "-o", index, *small, "--json")
    first, second = (json.loads(run(*build).out) for _ in range(2))
    assert first["skipped"] == {"pages without text": 1, "not UTF-8: read as windows-1252": 1}
    assert second["skipped"] == first["skipped"]
    assert second["examples"] == first["examples"]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let Markdown take long to read; the names of the files that were read."""
    read: list[str] = []

    def reader(path: Path) -> formats.ParsedFile:
        read.append(path.name)
        return markdown.read(path)

    monkeypatch.setattr(folder, "load_reader", lambda *_: reader)
    monkeypatch.setattr(folder, "get_reader_identity", lambda *_: "slow 1")
    return read


def test_files_are_read_once(tmp_path: Path, slow: list[str], small: list[str], run: Run) -> None:
    notes, index = tmp_path / "notes", tmp_path / "index"
    notes.mkdir()
    for name in ("a", "b", "c"):
        (notes / f"{name}.md").write_text(f"# {name}\n\nThe mill {name} turns.", encoding="utf-8")
    build = ("build", notes, "-o", index, *small, "--json")
    assert json.loads(run(*build).out)["documents"] == 3
    assert slow == ["a.md", "b.md", "c.md"]
    (notes / "b.md").write_text("# b\n\nThe mill stands still.", encoding="utf-8")
    (notes / "c.md").unlink()
    os.utime(notes / "a.md", (1, 1))  # a checkout: other dates, and the same contents
    changes = json.loads(run(*build).out)["changes"]
    assert changes == {"added": 0, "changed": 1, "removed": 1, "unchanged": 1}
    assert slow == ["a.md", "b.md", "c.md", "b.md"]
    (notes / "c.md").write_text("# c\n\nThe mill c turns.", encoding="utf-8")
    run(*build)
    assert slow[4:] == ["c.md"]  # what is gone is forgotten


@pytest.mark.parametrize("damage", [b"no database", b""])
def test_what_was_read_can_be_lost(
    tmp_path: Path, slow: list[str], small: list[str], run: Run, damage: bytes
) -> None:
    notes, index = tmp_path / "notes", tmp_path / "index"
    notes.mkdir()
    (notes / "a.md").write_text("# a\n\nThe mill turns.", encoding="utf-8")
    build = ("build", notes, "-o", index, *small, "--json")
    run(*build)
    (index / "parsed.sqlite").write_bytes(damage)
    again = json.loads(run(*build).out)
    assert (again["documents"], again["changes"]["unchanged"]) == (1, 1)
    assert slow == ["a.md", "a.md"]


def test_the_date_of_a_file_is_that_of_its_contents(tmp_path: Path) -> None:
    read: list[Path] = []

    def parse(path: Path) -> ParsedFile:
        read.append(path)
        return ParsedFile(path.read_text(encoding="utf-8"), "Mill", {"year": 1850}, (("a", "b"),))

    path = tmp_path / "a.txt"
    path.write_text("It grinds.", encoding="utf-8")
    for date in ("2026-03-01", "2026-03-02"):
        with ParseCache(tmp_path / "cache") as cache:
            parsed = cache.read(path, "a.txt", "reader 1", parse, date)
        assert parsed == (
            ParsedFile("It grinds.", "Mill", {"year": 1850}, (("a", "b"),)),
            "2026-03-01",
        )
    assert len(read) == 1
    path.write_text("It turns.", encoding="utf-8")
    with ParseCache(tmp_path / "cache") as cache:
        assert cache.read(path, "a.txt", "reader 1", parse, "2026-03-03")[1] == "2026-03-03"
        cache.read(path, "a.txt", "reader 2", parse, "2026-03-03")
        cache.read(path, "a.txt", "", parse, "2026-03-03")
    assert len(read) == 4
