"""Files of a folder: which are read, and the ids of their documents."""

import os
from pathlib import Path

import pytest

from corpus_tuner import Corpus, CorpusTunerError
from corpus_tuner.corpora import CorpusSettings
from tests.cli.conftest import Run
from tests.corpora.conftest import get_examples, write_file


def test_what_is_no_document_is_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A mill.", encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "blank.pdf").touch()
    (tmp_path / "broken.docx").write_bytes(b"PK no")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    (tmp_path / "self").symlink_to(".")
    (tmp_path / "out.txt").symlink_to(__file__)
    corpus = Corpus(tmp_path)
    assert [document.id for document in corpus] == ["a.txt"]
    assert corpus.skipped == {
        "empty files": 2,
        "damaged, or not what its suffix says": 1,
        "hidden folders and libraries": 2,
        "not regular files": 1,
        "links that lead nowhere": 1,
        "links to folders": 1,
        "links that lead out of the folder": 1,
    }
    assert get_examples(corpus)["not regular files"] == str(tmp_path / "pipe.txt")


def test_patterns_choose_files(tmp_path: Path) -> None:
    for name in ("a.md", "a.txt", "drafts/b.md", "en/deep/c.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("A mill.", encoding="utf-8")

    def ids(**patterns: object) -> list[str]:
        corpus = Corpus(tmp_path, CorpusSettings.model_validate(patterns))
        return [document.id for document in corpus]

    assert ids(include="*.md", exclude=["drafts/"]) == ["a.md", "en/deep/c.md"]
    assert ids(include=["/en/**/*.md", "*.txt"]) == ["a.txt", "en/deep/c.md"]
    with pytest.raises(CorpusTunerError, match="patterns let through"):
        ids(include="*.pdf")


NAMES = {
    "My  notes.txt": "My  notes.txt",
    " leading.txt": "%20leading.txt",
    "in/ side .d/ tab\tand line\nbreak.txt": "in/ side .d/ tab%09and line%0Abreak.txt",
    "100%.txt": "100%.txt",
    "50%20 off.txt": "50%2520 off.txt",
    "#1 [v2] (final).txt": "#1 [v2] (final).txt",
    "quote'and\"double.txt": "quote'and\"double.txt",
    "\N{PARTY POPPER} party.txt": "\N{PARTY POPPER} party.txt",
    "e\u0301te\u0301.txt": "\u00e9t\u00e9.txt",
    "caf\udce9.txt": "caf%E9.txt",
    "line\u2028separator.txt": "line%E2%80%A8separator.txt",
    "bell\x07.txt": "bell%07.txt",
}


def test_files_of_any_name_are_read(tmp_path: Path, small: list[str], run: Run) -> None:
    for number, name in enumerate(NAMES):
        write_file(tmp_path / "notes" / name, f"The mill {number} turns.")
    corpus = Corpus(tmp_path / "notes")
    found = {document.text: document for document in corpus}
    assert not corpus.skipped
    for number, id_ in enumerate(NAMES.values()):
        document = found[f"The mill {number} turns."]
        assert document.id == document.metadata["path"] == id_
        document.title.encode()
    assert {document.title for document in corpus} >= {"My notes", "caf\N{REPLACEMENT CHARACTER}"}
    assert run("build", tmp_path / "notes", "-o", tmp_path / "i", *small).code == 0
    assert run("search", tmp_path / "i", "mill", "--k", "20").code == 0


def test_names_that_differ_by_normalization_alone_are_both_kept(tmp_path: Path) -> None:
    for name in ("\u00e9.txt", "e\u0301.txt", "\u00e9/a.txt", "e\u0301/a.txt"):
        write_file(tmp_path / name)
    ids = {document.id for document in Corpus(tmp_path)}
    assert ids == {"\u00e9.txt", "e%CC%81.txt", "\u00e9/a.txt", "e%CC%81/a.txt"}


def test_temporary_files_are_ignored(tmp_path: Path) -> None:
    write_file(tmp_path / "a.txt")
    for name in ("~$a.docx", "a.txt~", "#a.txt#", ".#a.txt", ".a.txt.swp", ".~lock.a.odt#"):
        write_file(tmp_path / name)
    for name in ("a.swp", "Thumbs.db", "desktop.ini", ".DS_Store"):
        write_file(tmp_path / name)
    corpus = Corpus(tmp_path)
    assert [document.id for document in corpus] == ["a.txt"]
    assert corpus.skipped == {"hidden files": 4, "temporary files": 6}
