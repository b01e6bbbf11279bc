"""Collections for tests: of the client's local mode, and of the engine in this process."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.staging import EncodedDocument
from tests.conftest import make_documents
from tests.indexes.indexing import Table, write_index

LIBRARIES = {"qdrant": "qdrant_client", "qdrant-edge": "qdrant_edge"}
QUERIES = ["old mill river", "court rent law", "bread", "zzz", "the of and", "mill mill wheat"]
LEXICAL = LexicalSettings(languages=("en",))
DIMENSION = 4

Ranking = list[tuple[str, float]]


def address(scheme: str, folder: Path, name: str = "test") -> str:
    """The address of a collection in a folder; the test is skipped without its library."""
    pytest.importorskip(LIBRARIES[scheme])
    return f"{scheme}:{folder}/{name}"


def documents(count: int, seed: int = 0) -> list[EncodedDocument]:
    """Documents with up to five views, of vectors of small whole numbers: full of ties."""
    chance = np.random.default_rng(seed)
    made = []
    for number, record in enumerate(make_documents(count, seed)):
        id_, title, text = record["_id"], record["title"], record["text"]
        vectors = chance.integers(-2, 3, (int(chance.integers(1, 6)), DIMENSION))
        views = [
            View(id_, kind, f"{kind} {at} of {title}")
            for at, kind in enumerate(["passage", "sentence", "passage", "title", "question"])
        ]
        metadata = {"number": number, "even": number % 2 == 0}
        made.append(
            EncodedDocument(
                Document(id_, title, text, metadata),
                views[: len(vectors)],
                vectors.astype(np.float32),
            )
        )
    return made


def write(folder: Path, every: Sequence[EncodedDocument], segments: int = 1) -> Path:
    """An index of documents, with words and n-grams."""
    write_index(folder, every, lexical=LEXICAL, segments=segments)
    return folder


def encoder() -> Table:
    """What reads the queries."""
    chance = np.random.default_rng(9)
    vectors = {query: chance.integers(-2, 3, DIMENSION).astype(np.float32) for query in QUERIES}
    return Table(vectors, DIMENSION)


def searcher(index: str | Path) -> Searcher:
    return Searcher.open(index, encoder=encoder())


def assert_equal(found: Sequence[Ranking], expected: Sequence[Ranking]) -> None:
    """Rankings are equal, but for the order of documents whose scores are."""
    for own, wanted in zip(found, expected, strict=True):
        assert len(own) == len(wanted)
        np.testing.assert_allclose([one[1] for one in own], [one[1] for one in wanted], atol=5e-6)
        scores = dict(wanted)
        for id_, score in own:
            assert abs(scores.get(id_, wanted[-1][1]) - score) < 5e-6
