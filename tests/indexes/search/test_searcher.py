"""Exact search in every mode, compared with a brute-force scorer."""

import tempfile
from pathlib import Path
from typing import Any, Literal

import faiss
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.lexical import bm25
from corpus_tuner.indexes.representations import passage, views
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.search.settings import Mode, SearchSettings, fuse
from corpus_tuner.indexes.store.layout import Layout
from tests.indexes.indexing import Table, encoded, write_index

WORDS = ["river", "mill", "wheat", "bread", "bridge", "stone"]
MODES: tuple[Mode, ...] = ("dense", "lexical", "hybrid")
WEIGHTS = st.sampled_from([0, 0.25, 0.5, 1])


@pytest.mark.slow
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
    weights=st.tuples(WEIGHTS, WEIGHTS, WEIGHTS),
    fusion=st.sampled_from(["zscore", "minmax", "rrf"]),
    segments=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
@example(
    documents=42,
    most_views=4,
    k=2,
    pool=1,
    levels=3,
    representation=views.Settings(top=3, storage="float32"),
    weights=(1, 1, 0),
    fusion="zscore",
    segments=1,
    seed=33801778,
)
def test_results_are_those_of_brute_force(
    documents: int,
    most_views: int,
    k: int,
    pool: int,
    levels: int,
    representation: views.Settings | passage.Settings,
    weights: tuple[float, float, float],
    fusion: Literal["zscore", "minmax", "rrf"],
    segments: int,
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
    dense_views, hybrid_views, words_weight = weights
    how = SearchSettings.model_validate(
        {
            "dense": {"views": dense_views},
            "hybrid": {"views": hybrid_views, "words": words_weight},
            "fusion": fusion,
            "pool": pool,
        }
    )
    kind = "sentence" if representation.name == "views" else "passage"

    with tempfile.TemporaryDirectory() as folder:
        write_index(
            Path(folder),
            [
                encoded(number, text, own, kind)
                for number, (text, own) in enumerate(zip(texts, vectors, strict=True))
            ],
            representation,
            bm25.Settings(),
            segments=min(segments, documents),
        )
        with Searcher.open(folder, encoder=Table(asked)) as searcher:
            together = {
                mode: list(searcher.rank(list(asked), k, mode=mode, settings=how)) for mode in MODES
            }
            hits = searcher.search(list(asked), k, mode="dense", settings=how)
            assert searcher.lexical
            every = [np.concatenate(searcher.lexical.scores(query)) for query in asked]
            one = next(iter(asked))
            for mode in MODES:
                (again,) = searcher.rank([one], k, mode=mode, settings=how)
                assert again == together[mode][0]

    ids = [f"d{number}" for number in range(documents)]

    def ranked(scores: Any, among: Any) -> list[tuple[str, float]]:
        order = sorted(among, key=lambda n: (-scores[n], ids[n]))
        return [(ids[n], float(scores[n])) for n in order[:k]]

    def leads(scores: Any, which: int, size: int) -> bool:
        return bool(np.sum(scores > scores[which]) < size)

    def dense_scores(query: Any, weight: float) -> Any:
        dense = np.zeros(documents)
        for number, own in enumerate(vectors):
            first, *others = (own @ query).tolist()
            if representation.name == "passage":
                dense[number] = max(first, *others, first)
            else:
                best = sorted(others or [first], reverse=True)[: representation.top]
                dense[number] = (1 - weight) * first + weight * sum(best) / len(best)
        return dense.round(6)

    everyone = range(documents)
    for position, query in enumerate(asked.values()):
        found = {mode: rankings[position] for mode, rankings in together.items()}
        words = every[position]
        by_words = ranked(words.round(6), np.flatnonzero(words))
        assert found["lexical"] == by_words
        assert found["dense"] == ranked(dense_scores(query, dense_views), everyone)
        for hit in hits[position]:
            own = vectors[int(hit.document.id[1:])] @ query
            assert hit.view.text == f"view {own.argmax()}"

        dense = dense_scores(query, hybrid_views)
        if words_weight == 0:
            assert found["hybrid"] == ranked(dense, everyone)
        elif words_weight == 1:
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
            fused[pooled] = fuse(dense[pooled], words[pooled], words_weight, fusion, among)
            assert found["hybrid"] == ranked(fused.round(6), pooled)


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_segments_do_not_change_what_is_found(tmp_path: Path, storage: str) -> None:
    chance = np.random.default_rng(0)
    documents = []
    for number in range(60):
        vectors = chance.normal(size=(1 + number % 4, 8)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        text = " ".join(chance.choice(WORDS, 1 + number % 7))
        documents.append(encoded(number, text, vectors))
    query = chance.normal(size=8).astype(np.float32)
    encoder = Table({"mill bread": query / np.linalg.norm(query)}, dimension=8)
    runs = []
    for segments in (1, 2, 7):
        index = tmp_path / str(segments)
        chosen = views.Settings.model_validate({"name": "views", "storage": storage})
        manifest = write_index(index, documents, chosen, bm25.Settings(), segments=segments)
        assert len(manifest.segments) == segments
        with Searcher.open(index, encoder=encoder, checksums=True) as searcher:
            runs.append({m: list(searcher.rank(["mill bread"], 20, mode=m)) for m in MODES})
            assert searcher.document("d59") is not None
            only = searcher.search("mill bread", 60, filter={"number": {"gte": 55}})
            assert {hit.document.id for hit in only} <= {f"d{n}" for n in range(55, 60)}
    if storage == "int8":  # its scale is that of the vectors of a segment
        assert runs[0]["lexical"] == runs[1]["lexical"] == runs[2]["lexical"]
    else:
        assert runs[0] == runs[1] == runs[2]


def test_equal_documents_tie_however_deep_is_looked(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(1, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors)
    others = chance.normal(size=(300, 64)).astype(np.float32) / 8
    documents = [encoded(number, "mill", own[None]) for number, own in enumerate(others)]
    documents += [encoded(number, "mill", vectors) for number in range(300, 340)]
    write_index(tmp_path, documents, views.Settings(), bm25.Settings())
    query = vectors[0] + chance.normal(size=64).astype(np.float32) / 100
    with Searcher.open(tmp_path, encoder=Table({"mill": query}, dimension=64)) as searcher:
        for k in (1, 3, 40, 340):
            for mode in ("dense", "hybrid"):
                (found,) = searcher.rank(["mill"], k, mode=mode)
                equal = [id_ for id_, _ in found[:40]]
                assert equal == sorted(f"d{number}" for number in range(300, 340))[:k]


def test_no_words_no_lexical_search(tmp_path: Path) -> None:
    write_index(tmp_path, [encoded(0, "mill", np.ones((1, 3), np.float32))])
    encoder = Table({"mill": np.ones(3, np.float32)})
    with Searcher.open(tmp_path, encoder=encoder) as searcher:
        assert list(searcher.rank(["mill"])) == [[("d0", 3.0)]]
        with pytest.raises(SearchIndexError, match="no words to search in lexical mode"):
            searcher.rank(["mill"], mode="lexical")


def test_what_is_no_mode_and_no_list(tmp_path: Path) -> None:
    write_index(tmp_path, [encoded(0, "mill", np.ones((1, 3), np.float32))])
    encoder = Table({"mill": np.ones(3, np.float32)})
    with Searcher.open(tmp_path, encoder=encoder) as searcher:
        with pytest.raises(SearchIndexError, match="no mode 'Dense': hybrid, dense, lexical"):
            searcher.search("mill", mode="Dense")  # type: ignore[call-overload]
        with pytest.raises(SearchIndexError, match="give a list"):
            searcher.rank("mill")


def test_a_closed_searcher_says_so(tmp_path: Path) -> None:
    write_index(tmp_path, [encoded(0, "mill", np.ones((1, 3), np.float32))])
    searcher = Searcher.open(tmp_path, encoder=Table({"mill": np.ones(3, np.float32)}))
    searcher.close()
    with pytest.raises(SearchIndexError, match="the searcher is closed"):
        searcher.search("mill")


def test_words_of_views_count_where_they_are_asked_for(tmp_path: Path) -> None:
    documents = [
        encoded(n, "wheat", np.ones((2, 3), np.float32), kind)
        for n, kind in enumerate(("sentence", "question"))
    ]
    write_index(tmp_path, documents, None, bm25.Settings(views={"question": 2}))
    with Searcher.open(tmp_path, encoder=Table({})) as searcher:
        hits = searcher.search("view", mode="lexical")  # the text of a question, and of no document
        assert [hit.document.id for hit in hits] == ["d1"]


def test_search_leaves_the_threads_of_faiss_as_they_were(tmp_path: Path) -> None:
    write_index(tmp_path, [encoded(0, "mill", np.ones((1, 3), np.float32))])
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        with Searcher.open(tmp_path, encoder=Table({"mill": np.ones(3, np.float32)})) as searcher:
            searcher.search("mill")
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)


def test_two_documents_of_one_id_are_named(tmp_path: Path) -> None:
    one = encoded(0, "mill", np.ones((1, 3), np.float32))
    other = one._replace(document=encoded(0, "river", one.vectors).document)
    with pytest.raises(SearchIndexError, match="two documents have the id 'd0'"):
        write_index(tmp_path, [one, other])
    assert not Layout(tmp_path).manifest.exists()
