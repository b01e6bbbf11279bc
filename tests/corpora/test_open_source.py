"""Names that stand for a corpus: folders, files of records, single documents."""

import gzip
import json
from pathlib import Path

import pytest

from corpus_tuner import Corpus
from corpus_tuner.corpora import CorpusSettings
from tests.conftest import write_jsonl
from tests.corpora.conftest import DOCUMENTS, RECORDS, write_file


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
