"""Metadata as values that JSON can represent."""

from datetime import date
from typing import Any

from corpus_tuner import Corpus, Document
from corpus_tuner.corpora import CorpusSettings


def test_metadata_in_memory_is_what_json_can_hold() -> None:
    endless: list[object] = []
    endless.append(endless)
    day = date(2026, 3, 1)
    documents: list[Document | dict[str, Any]] = [
        Document("good", "", "A mill.", {"day": day, "deep": {"a": [day]}}),
        Document("nan", "", "A mill.", {"price": float("nan")}),
        {"_id": "endless", "text": "A mill.", "tree": endless},
        {"_id": "huge", "text": "A mill.", "price": 10**5000},
        {"_id": "nameless", "text": "A mill.", "metadata": {1: "one"}},
    ]
    corpus = Corpus(documents, CorpusSettings(on_bad_record="skip"))
    metadata = {"day": "2026-03-01", "deep": {"a": ["2026-03-01"]}}
    assert list(corpus) == [Document("good", "", "A mill.", metadata)]
    assert corpus.skipped == {
        "metadata: a number that is not finite": 2,
        "metadata: nested too deep": 1,
        "metadata: the name of a field is not text": 1,
    }
