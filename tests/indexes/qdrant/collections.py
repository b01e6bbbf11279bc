"""Collections for tests: of the local mode, and of Qdrant's own engine in this process."""

import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.staging import EncodedDocument
from tests.conftest import make_documents
from tests.indexes.indexing import Table, write_index

ENGINES = ("local", "edge")
QUERIES = ["old mill river", "court rent law", "bread", "zzz", "the of and", "mill mill wheat"]
LEXICAL = LexicalSettings(languages=("en",))
DIMENSION = 4

Ranking = list[tuple[str, float]]


@contextmanager
def using(engine: str) -> Iterator[None]:
    """Let collections in folders be of the local mode, or of the engine in this process."""
    pytest.importorskip("qdrant_client")
    with pytest.MonkeyPatch.context() as patch:
        classes = {
            "local": "corpus_tuner.indexes.qdrant.collection.Collection",
            "edge": "tests.indexes.qdrant.edge.EdgeCollection",
        }
        chosen = pkgutil.resolve_name(classes[engine])
        for module in ("export", "index"):
            patch.setattr(f"corpus_tuner.indexes.qdrant.{module}.Collection", chosen)
        yield


def address(folder: Path, name: str = "test") -> str:
    """The address of a collection in a folder."""
    return f"qdrant:{folder}/{name}"


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
