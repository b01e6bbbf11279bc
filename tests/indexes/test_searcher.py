"""Search in every mode, compared with a brute-force scorer, and in forked processes."""

import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import faiss
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus_tuner import add, build, load_recipe
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS, LexicalSettings
from corpus_tuner.indexes.representations import passage, views
from corpus_tuner.indexes.search.fusion import normalize_scores
from corpus_tuner.indexes.search.local_index import LocalIndexSource
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.search_settings import (
    DENSE_RANKERS,
    FEEDBACK,
    RANKERS,
    Calibration,
    Mode,
    SearchSettings,
)
from tests.conftest import edit_manifest, make_documents, nightly, write_jsonl
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
        st.builds(views.Settings, storage=st.sampled_from(["float32", "float16"])),
        st.just(passage.Settings(windows="all")),
    ),
    dense_views=WEIGHTS,
    hybrid=st.tuples(*[WEIGHTS] * 5).filter(lambda weights: any(weights[:4])),
    fusion=st.sampled_from(["zscore", "minmax", "rrf"]),
    passages=st.integers(1, 5),
    segments=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=200 if nightly() else 40, deadline=None)
@example(
    documents=42,
    most_views=4,
    k=2,
    pool=1,
    levels=3,
    representation=views.Settings(storage="float32"),
    dense_views=1,
    hybrid=(0, 1, 0, 0, 0),
    fusion="zscore",
    passages=1,
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
    dense_views: float,
    hybrid: tuple[float, ...],
    fusion: Literal["zscore", "minmax", "rrf"],
    passages: int,
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
    asked_for = dict(zip(SearchSettings().hybrid_weights, hybrid, strict=True))
    how = SearchSettings.model_validate(
        {"dense": {"views": dense_views}, "hybrid": asked_for, "fusion": fusion, "candidates": pool}
    )
    kind = "sentence" if representation.name == "views" else "passage"

    with tempfile.TemporaryDirectory() as folder:
        write_index(
            Path(folder),
            [
                encoded(number, text, own, kind, passages=passages)
                for number, (text, own) in enumerate(zip(texts, vectors, strict=True))
            ],
            representation,
            LexicalSettings(),
            segments=min(segments, documents),
        )
        with Searcher.open(folder, encoder=Table(asked)) as searcher:
            together = {
                mode: list(searcher.rank(list(asked), k, mode=mode, settings=how)) for mode in MODES
            }
            hits = searcher.search(list(asked), k, mode="dense", settings=how)
            by_terms = {
                name: [searcher.lexical[name].score(query, getattr(how, name)) for query in asked]
                for name in LEXICAL_RANKERS
            }
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

    def find_windows(own: Any) -> Any:
        """Vectors of the passages that a document is scored by."""
        count = len(own) if kind == "passage" else min(passages, len(own))
        return own[: count if count > 3 else 1]

    def dense_scores(query: Any) -> dict[str, Any]:
        """What passage and views bring, document by document."""
        brought = []
        for own in vectors:
            similar = (own @ query).tolist()
            windows = len(find_windows(own))
            best = max(similar[:windows])
            if representation.name == "passage":
                brought.append((max(similar),) * 2)
            else:
                brought.append((best, max(similar[windows:] or [best])))
        return dict(zip(DENSE_RANKERS, np.array(brought, float).T, strict=True))

    def expected(
        scores: dict[str, Any], wanted: dict[str, float], query: Any = None
    ) -> list[tuple[str, float]]:
        """What weights rank first, looking at everything."""
        whole = sum(wanted.values())
        weights = {name: weight / whole for name, weight in wanted.items() if weight}
        finders = [scores[name].round(6) for name in LEXICAL_RANKERS if name in weights]
        found_by = [np.flatnonzero(own) for own in finders]
        dense = [weights.get(name, 0) for name in DENSE_RANKERS]
        asker = query if any(dense) else None
        if any(dense):
            share = dense[1] / sum(dense)
            mixed = ((1 - share) * scores["passage"] + share * scores["views"]).round(6)
            finders, found_by = [*finders, mixed], [*found_by, np.arange(documents)]
        if len(finders) == 1 and (any(dense) or len(weights) == 1) and FEEDBACK not in weights:
            return ranked(finders[0], found_by[0])
        pooled, core = (
            sorted(
                {
                    int(which)
                    for own, among in zip(finders, found_by, strict=True)
                    for which in among
                    if leads(own, int(which), size)
                }
            )
            for size in (max(k, pool), pool)
        )
        among = np.isin(pooled, core)
        fused = np.zeros(len(pooled))
        for name in RANKERS[:4]:
            if name in weights:
                fused += weights[name] * normalize_scores(scores[name][pooled], fusion, among)
        if FEEDBACK in weights and pooled:
            windows = [find_windows(vectors[which]).astype(float) for which in pooled]
            best = sorted(fused.round(6)[among], reverse=True)[:2][-1]
            relevant = among & (fused.round(6) >= best)
            nearest = [own[0 if asker is None else (own @ asker).argmax()] for own in windows]
            mean = np.array(nearest)[relevant].mean(axis=0)
            similar = np.array([np.einsum("pd,d->p", own, mean).max() for own in windows])
            fused += weights[FEEDBACK] * normalize_scores(similar, fusion, among)
        every = np.zeros(documents)
        every[pooled] = fused
        return ranked(every.round(6), pooled)

    for position, query in enumerate(asked.values()):
        found = {mode: rankings[position] for mode, rankings in together.items()}
        scores = dense_scores(query)
        scores.update((name, own[position]) for name, own in by_terms.items())
        by_vectors = {"passage": 1 - dense_views, "views": dense_views}
        assert found["dense"] == expected(scores, by_vectors)
        lexical: dict[str, float] = {name: asked_for[name] for name in LEXICAL_RANKERS}
        if not any(lexical.values()):
            lexical = {"words": 1.0}
        assert found["lexical"] == expected(scores, lexical)
        assert found["hybrid"] == expected(scores, asked_for, query)
        for hit in hits[position]:
            own = vectors[int(hit.document.id[1:])] @ query
            assert hit.view.text == f"view {own.argmax()}"


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


class Watched(LocalIndexSource):
    """A source that tells whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"representation": "none"}, "has no representation 'none'"),
        ({"checksums": True}, "is damaged"),
        ({}, "with another encoder"),
    ],
)
def test_a_source_is_closed_where_it_cannot_be_opened(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    write_index(tmp_path, [encoded(0, "mill", np.ones((1, 3), np.float32))])
    if "checksums" in options:
        file = next(tmp_path.glob("segments/*/views.faiss"))
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    encoder = Table({})
    encoder.fingerprint = "another"
    source = Watched(tmp_path)
    with pytest.raises(SearchIndexError, match=message):
        Searcher.open(source, encoder=encoder, **options)
    assert source.closed


def test_memory_does_not_grow_with_queries(tmp_path: Path) -> None:
    documents = [encoded(n, f"mill {n % 7}", np.ones((1, 3), np.float32)) for n in range(2_000)]
    write_index(tmp_path, documents, None, LexicalSettings(languages=("en",)))
    with Searcher.open(tmp_path, encoder=Table({})) as searcher:

        def peak(queries: int) -> int:
            tracemalloc.start()
            try:
                for _ in searcher.rank(["mill 3"] * queries, 10, mode="lexical"):
                    pass
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

        peak(1)
        assert peak(100) < peak(2) + 20 * 2_000 * 8  # bytes; not a hundred arrays of float64


def test_words_of_views_count_where_they_are_asked_for(tmp_path: Path) -> None:
    documents = [
        encoded(n, "wheat", np.ones((2, 3), np.float32), kind)
        for n, kind in enumerate(("sentence", "question"))
    ]
    write_index(tmp_path, documents, None, LexicalSettings(views={"question": 2}))
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


@pytest.mark.parametrize(
    ("language", "texts", "query"),
    [
        ("zh", ["河边的老磨坊", "今年小麦收成好", "木桥需要修理"], "小麦的收成"),
        ("ja", ["川沿いの古い水車小屋", "今年は小麦が豊作です", "木の橋を直す"], "小麦の収穫"),
        ("th", ["กังหันน้ำเก่าริมแม่น้ำ", "ข้าวสาลีปีนี้ดี", "สะพานไม้ต้องซ่อม"], "ข้าวสาลี"),
    ],
)
@pytest.mark.parametrize("ngrams", [4, None])
def test_text_without_spaces_is_found_by_its_words(
    tmp_path: Path, language: str, texts: list[str], query: str, ngrams: int | None
) -> None:
    vectors = np.ones((1, 3), np.float32)
    documents = [encoded(number, text, vectors) for number, text in enumerate(texts)]
    write_index(tmp_path, documents, None, LexicalSettings(languages=(language,), ngrams=ngrams))
    with Searcher.open(tmp_path, encoder=Table({})) as searcher:
        (first, *_) = searcher.search(query, mode="lexical")
        assert first.document.id == "d1"
        assert searcher.search("xyz", mode="lexical") == []


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("fork")
    corpus = write_jsonl(folder / "c.jsonl", make_documents(10))
    chosen = [f"encoder.name={encoder_folder}", "generator=null", "calibrate=false", "language=en"]
    build(corpus, folder / "index", load_recipe(None, chosen))
    return folder / "index"


def in_a_child(does: Callable[[], Any]) -> int:
    """Return the exit code of a forked process: 0 if it is done, 1 if it fails, -9 if it hangs."""
    child = os.fork()
    if not child:
        try:
            does()
        except BaseException:
            os._exit(1)
        os._exit(0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    "use",
    [
        lambda searcher: searcher.search("mill"),
        lambda searcher: searcher.search("mill", mode="lexical"),
        lambda searcher: list(searcher.rank(["mill"])),
        lambda searcher: list(searcher.find_candidates(["mill"])),
        lambda searcher: searcher.read_document("d1"),
        lambda searcher: searcher.refresh(),
    ],
    ids=["search", "lexical", "rank", "pools", "document", "refresh"],
)
def test_a_searcher_is_refused_in_a_forked_process(
    index: Path, use: Callable[[Searcher], Any]
) -> None:
    with Searcher.open(index) as searcher:
        use(searcher)

        def refused() -> None:
            with pytest.raises(SearchIndexError, match="open the index in the child process"):
                use(searcher)

        assert in_a_child(refused) == 0
        use(searcher)  # and the parent goes on


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_can_open_the_index(index: Path) -> None:
    with Searcher.open(index) as searcher:
        expected = searcher.search("mill")

        def opened() -> None:
            with Searcher.open(index) as own:
                assert own.search("mill") == expected

        assert in_a_child(opened) == 0


def test_a_restricted_searcher_is_that_of_an_index_without_the_others(
    tmp_path: Path, encoder: Any
) -> None:
    public: list[dict[str, Any]] = [
        {**one, "team": "public", "year": 2000} for one in make_documents(30)
    ]
    # The same texts are near-duplicates, the code is in no public document but one, and the
    # language and the fields are those of other documents.
    hidden: list[dict[str, Any]] = [
        {**one, "_id": f"h{number}"} for number, one in enumerate(make_documents(20))
    ]
    hidden = [{**one, "team": "board", "budget": 5.5, "year": "2001"} for one in hidden]
    hidden += [
        {"_id": f"g{number}", "text": f"Das Gericht und die Miete E4711 {word}", "team": "board"}
        for number, word in enumerate(["Urteil", "mill", "river", "wheat"])
    ]
    public[7]["text"] += " E4711"
    chosen = load_recipe(None, ["generator=null", "language=en", "views.sentences=2"])
    both = write_jsonl(tmp_path / "both.jsonl", hidden[:15] + public + hidden[15:])
    build(both, tmp_path / "both", chosen, encoder=encoder)
    add(tmp_path / "both", hidden[3:9], encoder=encoder)
    build(write_jsonl(tmp_path / "one.jsonl", public), tmp_path / "one", chosen, encoder=encoder)
    weights = SearchSettings().hybrid
    calibration = Calibration(
        temperature=0.5, chosen=weights, default=weights, documents=54, seed=0
    ).model_dump()
    for name in ("both", "one"):
        edit_manifest(tmp_path / name, calibration=calibration)
    with (
        Searcher.open(tmp_path / "both", encoder=encoder) as whole,
        Searcher.open(tmp_path / "one", encoder=encoder) as expected,
    ):
        restricted = whole.restrict("team=public")
        assert len(restricted) == 30
        assert restricted.fields == expected.fields
        assert "budget" in whole.fields
        assert restricted.manifest.views == expected.manifest.views
        assert restricted.manifest.languages == expected.manifest.languages
        assert {one.id for one in restricted.read_documents()} == {f"d{n}" for n in range(30)}
        assert whole.get("h3")
        assert restricted.get("h3") is None
        queries = ["the mill by the river", "E4711", "Gericht", public[3]["text"]]
        for mode in (None, *MODES):
            for filter in (None, "year>=2000"):
                found = restricted.search(queries, 40, mode=mode, filter=filter)
                assert found == expected.search(queries, 40, mode=mode, filter=filter)
        by_filter = whole.search(queries, 40, filter="team=public")
        assert by_filter != expected.search(queries, 40)  # it does not decide term statistics
        assert any(hit.similar for hit in whole.search(public[3]["text"], 40))
        assert restricted.search("mill")[0].probability is not None
        with pytest.raises(SearchIndexError, match="'budget': there are id"):
            restricted.search("mill", filter="budget>1")
        with pytest.raises(SearchIndexError, match="refresh the searcher that"):
            restricted.refresh()
        nothing = whole.restrict({"team": []})
        assert (len(nothing), nothing.search("mill")) == (0, [])
        assert nothing.fields["id"].documents == 0
