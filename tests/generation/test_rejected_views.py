"""What was written for a document and rejected, wherever the program runs."""

from pathlib import Path

import pytest

from corpus_tuner import CorpusTunerError, Searcher, build, load_recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.generation.ledger import Rejection
from corpus_tuner.generation.rejected_views import find_rejections
from tests.conftest import make_documents, write_jsonl

TEMPLATES = """
question: "ask of {text}"
keywords: "list words of {text}"
summary: "sum up {text}"
title: "name {text}"
claim: "claim of {text}"
"""


def rejections(index: Path, ledger: Path) -> list[Rejection]:
    """All that was rejected, in the order of the documents' ids."""
    with Searcher.open(index) as searcher:
        documents: list[Document] = []
        for number in range(4):
            found = searcher.read_document(f"d{number}")
            assert found is not None
            documents.append(found[0])
        manifest = searcher.manifest
    return [one for document in documents for one in find_rejections(ledger, manifest, document)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path, t5_folder: Path) -> Path:
    """An index whose instructions have a relative path; a random T5 writes nothing of use."""
    folder = tmp_path_factory.mktemp("history")
    chosen = [
        *(f"encoder.name={encoder_folder}", "language=en", "calibrate=false"),
        f"generator={{name: seq2seq, model: {t5_folder}, kinds: [question, keywords]}}",
        *("instructions=own.yaml", "checks=[well_formed]"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("own.yaml").write_text(TEMPLATES, encoding="utf-8")
        write_jsonl(Path("corpus.jsonl"), make_documents(4))
        report = build("corpus.jsonl", "index", load_recipe(None, chosen))
    assert report.rejected
    return folder / "index"


def test_rejected_views_are_found_from_any_folder(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rejections(index, index / "ledger.sqlite")
    with Searcher.open(index) as searcher:
        counts = searcher.manifest.counts
    assert len(found) == sum(count for name, count in counts.items() if "well_formed" in name)
    assert {rejection.check for rejection in found} == {"well_formed"}
    assert {rejection.kind for rejection in found} <= {"question", "keywords"}
    assert all(rejection.reason for rejection in found)

    monkeypatch.chdir(tmp_path)
    (index.parent / "own.yaml").unlink()
    assert rejections(index, index / "ledger.sqlite") == found


def test_where_there_is_no_ledger_nothing_is_known(index: Path) -> None:
    assert rejections(index, index / "nowhere.sqlite") == []


def test_a_file_that_is_no_ledger(index: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no ledger at all, but long enough\n" * 9, encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=r"notes\.txt is not a ledger"):
        rejections(index, tmp_path / "notes.txt")


def test_a_damaged_ledger_is_an_error_of_ours(index: Path, tmp_path: Path) -> None:
    good = (index / "ledger.sqlite").read_bytes()
    half = len(good) // 2
    for bad in (b"no ledger", b"x" * len(good), good[:half], good[:100] + b"\xff" * half):
        (tmp_path / "ledger.sqlite").write_bytes(bad)
        with pytest.raises(CorpusTunerError, match=r"ledger\.sqlite"):
            rejections(index, tmp_path / "ledger.sqlite")
