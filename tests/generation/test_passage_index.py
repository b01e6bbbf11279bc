"""Nearest passages of a corpus."""

from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.languages import Languages
from corpus_tuner.corpora import Corpus
from corpus_tuner.generation.checks import Candidate
from corpus_tuner.generation.passage_index import PassageIndex
from corpus_tuner.text.document_encoding import DocumentEncoder
from corpus_tuner.text.passages import PassageSettings, get_full_text
from corpus_tuner.text.views import ViewSettings
from tests.conftest import make_documents, write_jsonl


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(str(write_jsonl(tmp_path / "corpus.jsonl", make_documents(12))))


@pytest.fixture
def reader(encoder: Any) -> DocumentEncoder:
    return DocumentEncoder(encoder, Languages(("en",)), PassageSettings(), ViewSettings())


def _make_candidates(encoder: Any, documents: list[Document]) -> list[Candidate]:
    texts = [get_full_text(document) for document in documents]
    return [
        Candidate(document, [], vector[:0], View(document.id, "question", text), vector, "en")
        for document, text, vector in zip(
            documents, texts, encoder.encode_documents(texts), strict=True
        )
    ]


def test_a_passage_is_nearest_to_itself(
    corpus: Corpus, reader: DocumentEncoder, encoder: Any, tmp_path: Path
) -> None:
    short = [document for document in corpus if len(document.text.split()) < 25]
    candidates = _make_candidates(encoder, short)
    with PassageIndex(corpus, tmp_path / "passages", reader) as index:
        found = index.find_nearest(candidates, 3)
    assert short
    assert [ids[0] for ids in found] == [document.id for document in short]
    assert all(len(set(ids)) == 3 for ids in found)


def test_passages_are_encoded_once(
    corpus: Corpus,
    reader: DocumentEncoder,
    encoder: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    candidates = _make_candidates(encoder, list(corpus)[:2])
    with PassageIndex(corpus, tmp_path / "passages", reader) as index:
        found = index.find_nearest(candidates, 5)
    encoded: list[str] = []
    encode = DocumentEncoder.encode

    def record(self: DocumentEncoder, documents: Any, *more: Any) -> Any:
        encoded.extend(document.id for document in documents)
        return encode(self, documents, *more)

    monkeypatch.setattr(DocumentEncoder, "encode", record)
    with PassageIndex(corpus, tmp_path / "passages", reader) as index:
        assert index.find_nearest(candidates, 5) == found
    assert encoded == []
