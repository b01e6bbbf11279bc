"""The first documents are ranked by a reranker, all others behind them as before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Searcher, SearchIndexError, SearchSettings, build, load_recipe
from corpus_tuner.rerankers import Reranker, RerankerSettings
from tests.conftest import edit_manifest, make_documents, write_jsonl
from tests.indexes.indexing import build_index
from tests.rerankers.shortest import Shortest, use_shortest

QUERIES = ["the farmer and the old mill", "a recipe of bread", "the judge"]
CANDIDATES = 6


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Shortest:
    return use_shortest(monkeypatch)


@pytest.fixture
def searcher(tmp_path: Path, encoder: Any) -> Iterator[Searcher]:
    with Searcher.open(build_index(tmp_path, encoder, 40), encoder=encoder) as opened:
        yield opened


def settings(weight: float = 1.0, seconds: float = 60.0, **others: Any) -> SearchSettings:
    reranker = {"name": "m", "candidates": CANDIDATES, "seconds": seconds}
    return SearchSettings.model_validate(
        {"hybrid": {"reranker": weight, **others}, "reranker": reranker}
    )


def list_ids(searcher: Searcher, settings: SearchSettings, **options: Any) -> list[list[str]]:
    rankings = searcher.rank(QUERIES, 40, settings=settings, **options)
    return [[id_ for id_, _ in ranking] for ranking in rankings]


def test_others_keep_their_order_behind(searcher: Searcher, model: Shortest) -> None:
    before = list_ids(searcher, SearchSettings())
    found = list_ids(searcher, settings(weight=20.0))
    assert len(model.read) <= CANDIDATES * len(QUERIES)
    several = searcher.search(QUERIES, 40, settings=settings(weight=20.0))
    for ids, old, hits in zip(found, before, several, strict=True):
        assert ids == [hit.document.id for hit in hits]
        assert sorted(ids[:CANDIDATES]) == sorted(old[:CANDIDATES])
        assert ids[CANDIDATES:] == old[CANDIDATES:]
        scores = [hit.rankers["reranker"].score for hit in hits[:CANDIDATES]]
        assert scores == sorted(scores, reverse=True)
    slightly = list_ids(searcher, settings(weight=1e-9))
    assert slightly == before


def test_hits_have_the_score_of_the_reranker(searcher: Searcher, model: Shortest) -> None:
    hits = searcher.search(QUERIES[0], 40, settings=settings())
    assert hits.warning is None
    for hit in hits:
        own = hit.rankers["reranker"]
        assert hit.score == pytest.approx(sum(one.part for one in hit.rankers.values()), abs=5e-6)
        assert (own.rank is None) == (hit.rank > CANDIDATES)
        if own.rank is not None:
            assert own.score in {-len(text) for text in model.read}
    ranks = sorted(hit.rankers["reranker"].rank or 0 for hit in hits[:CANDIDATES])
    assert ranks[0] == 1
    assert len(hits) == 40


def test_what_does_not_fit_in_the_time_keeps_its_order(
    searcher: Searcher, model: Shortest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus_tuner.rerankers.reranker.BATCH_SIZE", 2)
    clock = iter(range(1000))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    chosen = settings(weight=20.0, seconds=2.5)
    before = searcher.search(QUERIES[0], 40)
    hits = searcher.search(QUERIES[0], 40, settings=chosen)
    assert hits.warning
    assert f"scored 4 of {CANDIDATES} documents in 2.5 s" in hits.warning
    assert [hit.document.id for hit in hits[4:]] == [hit.document.id for hit in before[4:]]
    assert [hit.rankers["reranker"].rank is None for hit in hits] == [False] * 4 + [True] * 36
    # Runs are the same on any machine.
    assert len(list_ids(searcher, settings(weight=20.0, seconds=1e-9))) == len(QUERIES)
    assert len(model.read) > CANDIDATES
    monkeypatch.undo()


def test_without_time_the_order_is_the_fused_one(searcher: Searcher, model: Shortest) -> None:
    hits = searcher.search(QUERIES[0], 10, settings=settings(seconds=1e-9))
    assert hits.warning
    assert [hit.document.id for hit in hits] == [
        hit.document.id for hit in searcher.search(QUERIES[0], 10)
    ]
    assert not model.read


def test_it_is_opened_once_and_not_without_need(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def note(chosen: RerankerSettings) -> Reranker:
        opened.append(chosen)
        return Reranker(Shortest())

    monkeypatch.setattr(Reranker, "open", note)
    for mode in ("dense", "lexical"):
        searcher.search(QUERIES, mode=mode, settings=settings())
    searcher.search(QUERIES, settings=settings(weight=0.0))
    searcher.search(QUERIES, settings=SearchSettings.model_validate({"hybrid": {"reranker": 1}}))
    assert not opened
    for _ in range(2):
        searcher.search(QUERIES, settings=settings())
    assert opened == [settings().reranker]


def test_one_that_cannot_be_opened_is_an_error(searcher: Searcher) -> None:
    with pytest.raises(SearchIndexError, match=r"cannot load the reranker 'm'.*search\.reranker"):
        searcher.search("mill", settings=settings())


@pytest.mark.parametrize("others", [{}, {"passage": 0, "views": 0, "feedback": 0}])
def test_of_a_long_document_it_reads_the_window_that_hits_show(
    tmp_path: Path, encoder_folder: Path, model: Shortest, others: dict[str, float]
) -> None:
    documents = make_documents(12)
    for document in documents:
        document["title"] = ""
    texts = ["generator=null", "views.sentences=0", "calibrate=false", "language=en"]
    recipe = load_recipe(None, [*texts, f"encoder.name={encoder_folder}"])
    build(write_jsonl(tmp_path / "c.jsonl", documents), tmp_path / "i", recipe)
    with Searcher.open(tmp_path / "i") as searcher:
        hits = searcher.search(QUERIES[0], 12, settings=settings(**others))
        views = [
            view
            for hit in hits
            for view in searcher.read_document(hit.document.id)[1]  # type: ignore[index]
        ]
        windows = {view.text for view in views if view.kind == "passage"}
        assert len(windows) > len(hits)
        assert {*model.read} <= windows
        if others:  # otherwise hits may show the window of a matching view
            read = {text.strip() for text in model.read}
            assert {hit.passage.text for hit in hits if hit.rankers["reranker"].rank} <= read


@pytest.mark.usefixtures("model")
def test_a_filter_does_not_change_probabilities(tmp_path: Path, searcher: Searcher) -> None:
    ids = {"id": [f"d{number}" for number in range(0, 40, 2)]}
    search = settings()
    calibration = {
        "chosen": search.hybrid.model_dump(),
        "default": search.hybrid.model_dump(),
        "temperature": 0.5,
        "documents": 40,
        "seed": 0,
    }
    edit_manifest(tmp_path / "index", calibration=calibration, search=search.model_dump())
    searcher.refresh()
    for query in QUERIES:
        free = {hit.document.id: hit.probability for hit in searcher.search(query, 40)}
        hits = searcher.search(query, 40, filter=ids)
        assert len(hits) == 20
        assert {hit.document.id: hit.probability for hit in hits} == pytest.approx(
            {hit.document.id: free[hit.document.id] for hit in hits}, abs=1e-6
        )


def test_the_only_document_with_a_code_is_first(
    tmp_path: Path, encoder: Any, model: Shortest
) -> None:
    """A reranker may not tell codes apart."""
    filler = " The farmer and the river turn the wheel of the mill."
    words = ["printer", "valve", "pump", "leak"]
    texts = [
        f"{words[number % 4]} {words[number // 4]} {words[number // 8]} {filler * (number % 3 + 5)}"
        for number in range(12)
    ]
    texts[3] = f"E3030 {filler * 4}"
    texts[4] = "Printer valve, pump."
    documents = [{"id": f"d{number}", "text": text} for number, text in enumerate(texts)]
    chosen = ["generator=null", "calibrate=false", "language=en", "lexical.ngrams=null"]
    build(documents, tmp_path / "index", load_recipe(None, chosen), encoder=encoder)
    with Searcher.open(tmp_path / "index", encoder=encoder) as searcher:
        query = "printer valve pump leak E3030"
        for weight in (0.0, 20.0):
            hits = searcher.search(query, 3, settings=settings(weight))
            assert hits[0].document.id == "d3"
        other = searcher.search("printer valve pump leak", 3, settings=settings(20.0))
        assert other[0].rankers["reranker"].rank == 1
