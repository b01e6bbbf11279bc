"""Exact search in every mode, compared with a brute-force scorer."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.search.fusion import Mode, SearchSettings, fuse
from corpus_tuner.indexes.lexical import bm25
from corpus_tuner.indexes.representations import open_representation, passage, views
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.store.manifest import EncoderEntry
from corpus_tuner.indexes.store.staging import EncodedDocument, IndexWriter

WORDS = ["river", "mill", "wheat", "bread", "bridge", "stone"]


class Table:
    """An encoder of small whole numbers: plenty of ties, and every sum is exact."""

    name, fingerprint, dimension, max_tokens = "table", "f" * 64, 3, 99
    symmetric = True

    def __init__(self, vectors: dict[str, Vectors]) -> None:
        self._vectors = vectors

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vectors[text] for text in texts])

    encode_queries = encode_documents

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [1 for _ in texts]

    def token_ends(self, text: str) -> list[int]:
        return [len(text)]


def write_index(
    folder: Path,
    texts: list[str],
    vectors: list[Vectors],
    representation: views.Settings | passage.Settings,
    lexical: bm25.Settings | None,
) -> None:
    """An index of documents d0, d1, ...; their first vector is the passage's."""
    other = "sentence" if representation.name == "views" else "passage"
    documents = [
        EncodedDocument(
            Document(f"d{number}", "", text),
            [
                View(f"d{number}", other if place else "passage", f"view {place}")
                for place in range(len(own))
            ],
            own,
        )
        for number, (text, own) in enumerate(zip(texts, vectors, strict=True))
    ]
    with IndexWriter(folder, "key", [open_representation(representation)], 3) as writer:
        writer.add("chunk", documents, {})
        writer.finish(
            EncoderEntry(fingerprint="f" * 64, dimension=3, max_tokens=99, settings={}),
            {representation.name: representation},
            lexical,
            SearchSettings(),
            {},
        )


@given(
    documents=st.integers(1, 100),
    most_views=st.integers(0, 5),
    k=st.sampled_from([1, 2, 3, 10, 50, 150]),
    pool=st.sampled_from([1, 2, 3, 10, 50]),
    levels=st.integers(1, 3),
    representation=st.one_of(
        st.builds(
            views.Settings,
            top=st.integers(1, 3),
            storage=st.sampled_from(["float32", "float16"]),
        ),
        st.just(passage.Settings(windows="all")),
    ),
    weights=st.tuples(st.sampled_from([0, 0.25, 0.5, 1]), st.sampled_from([0, 0.25, 0.5, 1])),
    fusion=st.sampled_from(["zscore", "minmax", "rrf"]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=250, deadline=None)
def test_results_are_those_of_brute_force(
    documents: int,
    most_views: int,
    k: int,
    pool: int,
    levels: int,
    representation: views.Settings | passage.Settings,
    weights: tuple[float, float],
    fusion: Any,
    seed: int,
) -> None:
    chance = np.random.default_rng(seed)
    vectors = [
        chance.integers(-levels, levels + 1, (1 + chance.integers(most_views + 1), 3)).astype("f4")
        for _ in range(documents)
    ]
    texts = [" ".join(chance.choice(WORDS, chance.integers(1, 6))) for _ in range(documents)]
    asked = {
        f"{first} {second}": chance.integers(-levels, levels + 1, 3).astype(np.float32)
        for first, second in chance.choice([*WORDS, "unknown"], (4, 2))
    }
    how = SearchSettings(
        views=weights[0], hybrid_views=weights[0], words=weights[1], fusion=fusion, pool=pool
    )
    modes: tuple[Mode, ...] = ("dense", "lexical", "hybrid")

    with tempfile.TemporaryDirectory() as folder:
        write_index(Path(folder), texts, vectors, representation, bm25.Settings())
        with Searcher.open(folder, encoder=Table(asked)) as searcher:
            together = {mode: searcher.rank(list(asked), k, mode, how) for mode in modes}
            hits = searcher.search(list(asked), k, "dense", how)
            (segment,) = searcher.segments
            assert segment.lexical
            every = [segment.lexical.scores(query) for query in asked]
            one = next(iter(asked))
            for mode in modes:
                assert searcher.rank([one], k, mode, how) == together[mode][:1]

    ids = [f"d{number}" for number in range(documents)]

    def ranked(scores: Any, among: Any) -> list[tuple[str, float]]:
        order = sorted(among, key=lambda n: (-scores[n], ids[n]))
        return [(ids[n], float(scores[n])) for n in order[:k]]

    def leads(scores: Any, which: int, size: int) -> bool:
        return bool(np.sum(scores > scores[which]) < size)

    for place, query in enumerate(asked.values()):
        found = {mode: rankings[place] for mode, rankings in together.items()}
        words = every[place]
        dense = np.zeros(documents)
        for number, own in enumerate(vectors):
            first, *others = (own @ query).tolist()
            if representation.name == "passage":
                dense[number] = max(first, *others, first)
            else:
                best = sorted(others or [first], reverse=True)[: representation.top]
                dense[number] = (1 - how.views) * first + how.views * sum(best) / len(best)
        dense = dense.round(6)
        everyone = range(documents)
        by_words = ranked(words.astype(float).round(6), np.flatnonzero(words))
        by_vectors = ranked(dense, everyone)
        assert found["lexical"] == by_words
        assert found["dense"] == by_vectors
        for hit in hits[place]:
            own = vectors[int(hit.document.id[1:])] @ query
            assert hit.view.text == f"view {own.argmax()}"

        if how.words == 0:
            assert found["hybrid"] == by_vectors
        elif how.words == 1:
            assert found["hybrid"] == by_words
        else:
            pooled, core = (
                [
                    n
                    for n in everyone
                    if leads(dense, n, size) or (words[n] and leads(words, n, size))
                ]
                for size in (max(k, pool), pool)
            )
            among = np.isin(pooled, core)
            fused = np.zeros(documents)
            fused[pooled] = fuse(dense[pooled], words[pooled], how.words, fusion, among)
            assert found["hybrid"] == ranked(fused.round(6), pooled)


def test_no_words_no_lexical_search(tmp_path: Path) -> None:
    write_index(tmp_path, ["mill"], [np.ones((1, 3), np.float32)], views.Settings(), None)
    encoder = Table({"mill": np.ones(3, np.float32)})
    with Searcher.open(tmp_path, encoder=encoder) as searcher:
        assert searcher.rank(["mill"]) == [[("d0", 3.0)]]
        with pytest.raises(SearchIndexError, match="no words to search in lexical mode"):
            searcher.rank(["mill"], mode="lexical")


def test_what_is_no_mode_and_no_list(tmp_path: Path) -> None:
    write_index(
        tmp_path, ["mill"], [np.ones((1, 3), np.float32)], views.Settings(), bm25.Settings()
    )
    encoder = Table({"mill": np.ones(3, np.float32)})
    with Searcher.open(tmp_path, encoder=encoder) as searcher:
        with pytest.raises(SearchIndexError, match="no mode 'Dense': hybrid, dense, lexical"):
            searcher.search("mill", mode="Dense")  # type: ignore[call-overload]
        with pytest.raises(SearchIndexError, match="give a list"):
            searcher.rank("mill")
