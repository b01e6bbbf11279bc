"""Names that stand for a corpus: folders, files of records, single documents."""

import gzip
import json
from pathlib import Path

import pytest

from corpus_tuner import Corpus, CorpusTunerError, build, load_recipe
from corpus_tuner.corpora import CorpusSettings
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl
from tests.corpora.conftest import DOCUMENTS, GOOD, RECORDS, write_file


@pytest.mark.parametrize("name", ["a.txt", "My  notes.md", "a.rst", "a.py"])
def test_one_file_is_a_corpus(name: str, tmp_path: Path) -> None:
    write_file(tmp_path / name)
    (document,) = Corpus(tmp_path / name, CorpusSettings(as_text=("*.py",)))
    assert (document.id, document.text) == (name, "A mill by the river.")
    assert document.metadata["path"] == name


def test_beir_folder(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "corpus.jsonl", RECORDS)
    assert list(Corpus(str(tmp_path))) == DOCUMENTS


def test_gzipped_beir_folder(tmp_path: Path) -> None:
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS)
    (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    assert list(Corpus(str(tmp_path))) == DOCUMENTS


@pytest.mark.parametrize("name", ["c.jsonl", "c.ndjson", "c.json", "c.data"])
def test_jsonl_is_known_by_its_contents(tmp_path: Path, name: str) -> None:
    assert list(Corpus(str(write_jsonl(tmp_path / name, RECORDS)))) == DOCUMENTS


# These are wrong as a whole: there is nothing to skip.
FILES: dict[str, tuple[str, bytes, list[str]]] = {
    "empty file": ("c.jsonl", b"", ["c.jsonl", "no document"]),
    "blank lines only": ("c.jsonl", b"\n\n  \n", ["c.jsonl", "no document"]),
    "cut gzip file": (
        "c.jsonl.gz",
        gzip.compress(b"".join(GOOD.replace(b"a", b"%d" % n, 1) for n in range(9)))[:-20],
        ["c.jsonl.gz", "cut or damaged"],
    ),
    "gzip in name only": ("c.jsonl.gz", GOOD[:20], ["broken JSON"]),
    "unknown kind": ("c.xyz", b"%PDF-1.7", ["no known kind", ".jsonl"]),
    "damaged PDF": ("c.pdf", b"%PDF-1.7", ["c.pdf: damaged"]),
    "damaged spreadsheet": ("c.xlsx", b"PK no", ["cannot read", "c.xlsx"]),
    "table without header": ("c.csv", b"", ["empty", "name the columns"]),
    "header twice": ("c.csv", b"id,text,text\na,b,c\n", ["c.csv:1", "header"]),
    "open quote in the header": ("c.csv", b'id,"text\na,b\n', ["c.csv:1", "name the columns"]),
    "table without a text": ("c.csv", b"id,name\na,b\n", ["c.csv:2", "missing", "'name'"]),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_bad_file_is_an_error(kind: str, tmp_path: Path, run: Run, small: list[str]) -> None:
    name, data, said = FILES[kind]
    (tmp_path / name).write_bytes(data)
    failed = run("build", tmp_path / name, "--output", tmp_path / "index", *small)
    assert failed.code == 2
    for part in said:
        assert part in failed.err
    assert "Traceback" not in failed.err


@pytest.mark.parametrize("kept", [40, -20])
def test_a_damaged_corpus_is_an_error_of_the_corpus(
    kept: int, tmp_path: Path, encoder_folder: Path
) -> None:
    path = tmp_path / "c.jsonl.gz"
    rows = "".join(f"{json.dumps(document)}\n" for document in make_documents(60))
    path.write_bytes(gzip.compress(rows.encode())[:kept])
    assignments = ["generator=null", "language=en", f"encoder.name={encoder_folder}"]
    with pytest.raises(CorpusTunerError, match="cut or damaged"):
        build(path, tmp_path / "index", load_recipe(None, assignments))
