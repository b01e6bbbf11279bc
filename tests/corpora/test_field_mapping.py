"""Ids: of the source, or hashes of the records."""

import random
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Corpus, CorpusTunerError, Document
from corpus_tuner.corpora import CorpusSettings
from tests.conftest import write_jsonl
from tests.corpora.conftest import get_examples

RECORDS = [{"text": f"The mill {number} turns.", "year": 1850 + number} for number in range(20)]


def test_records_without_ids_have_the_same_hashes_in_any_order(tmp_path: Path) -> None:
    shuffled = random.Random(0).sample(RECORDS, len(RECORDS))
    one = {document.text: document.id for document in Corpus(RECORDS)}
    other = write_jsonl(tmp_path / "c.jsonl", [dict(reversed(each.items())) for each in shuffled])
    assert {document.text: document.id for document in Corpus(other)} == one
    assert len(set(one.values())) == len(RECORDS)
    assert dict(next(iter(Corpus(RECORDS))).metadata) == {"year": 1850}


def test_the_same_record_again_is_counted() -> None:
    corpus = Corpus([*RECORDS, RECORDS[3], RECORDS[3]])
    assert len(list(corpus)) == len(RECORDS)
    assert corpus.skipped == {"the same as an earlier record": 2}
    assert "first at document 4" in get_examples(corpus)["the same as an earlier record"]


def test_a_record_that_lacks_the_id_that_others_have_is_bad(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "c.jsonl", [*RECORDS, {"id": "mill", "text": "A mill."}])
    with pytest.raises(CorpusTunerError, match="20 records cannot be used"):
        list(Corpus(path))
    with pytest.raises(CorpusTunerError, match="document 2, field '_id': missing"):
        list(Corpus([Document("a", "", "A mill."), "A barn."]))
    with pytest.raises(CorpusTunerError, match="field 'nr': missing"):
        list(Corpus(RECORDS, CorpusSettings(id="nr")))


def test_hashes_can_be_asked_for() -> None:
    records = [{"id": "same", "text": "A mill."}, {"id": "same", "text": "A barn."}]
    documents = list(Corpus(records, CorpusSettings(id="auto")))
    assert len({document.id for document in documents}) == 2
    assert documents[0].metadata == {"id": "same"}


def test_a_table_without_ids(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("text\nA mill.\nA barn.\nA mill.\n", encoding="utf-8")
    corpus = Corpus(path)
    assert [document.text for document in corpus] == ["A mill.", "A barn."]
    assert corpus.skipped == {"the same as an earlier record": 1}


@pytest.mark.parametrize("id_", ["My  notes.md", "a b", "übung 1", "#1 50%", "a\u00a0b"])
def test_ids_may_have_spaces(id_: str) -> None:
    assert [document.id for document in Corpus([Document(id_, "", "A mill.")])] == [id_]


@pytest.mark.parametrize("id_", [" a", "a ", "a\tb", "a\nb", "a\u2028b", "a\x85b", "\u00a0a"])
def test_ids_without_outer_space_and_control_characters(id_: str) -> None:
    with pytest.raises(CorpusTunerError, match="not fit for an id"):
        list(Corpus([Document(id_, "", "A mill.")]))


def test_a_column_called_metadata_is_kept() -> None:
    records: list[dict[str, Any]] = [
        {"id": "a", "text": "A mill.", "metadata": "stone"},
        {"id": "b", "text": "A mill.", "metadata": {"year": 1850}},
    ]
    assert [document.metadata for document in Corpus(records)] == [
        {"metadata": "stone"},
        {"year": 1850},
    ]
