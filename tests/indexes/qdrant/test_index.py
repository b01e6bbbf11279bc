"""An index in Qdrant ranks as the one that it was made of."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.lexical.bm25 import BM25
from corpus_tuner.indexes.qdrant.address import parse_address
from corpus_tuner.indexes.qdrant.export import export_to_qdrant
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import (
    Calibration,
    HybridWeights,
    Mode,
    SearchSettings,
)
from tests.conftest import edit_manifest
from tests.indexes.qdrant.collections import (
    ENGINES,
    QUERIES,
    address,
    assert_equal,
    documents,
    searcher,
    using,
    write,
)
from tests.rerankers.shortest import use_shortest


class Both(NamedTuple):
    """The same index here and there."""

    local: Searcher
    remote: Searcher
    address: str


@pytest.fixture(scope="module", params=ENGINES)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    where = address(folder)
    index = write(folder / "index", documents(150), segments=2)
    with using(request.param):
        done = export_to_qdrant(index, parse_address(where))
        assert (done.documents, done.added) == (150, 150)
        with searcher(index) as local, searcher(where) as remote:
            yield Both(local, remote, where)


@pytest.mark.parametrize("mode", get_args(Mode))
@pytest.mark.parametrize("k", [1, 10, 200])
@pytest.mark.parametrize("filter", [None, {"even": True, "number": {"lt": 120}}])
def test_rankings_are_equal(both: Both, mode: Mode, k: int, filter: Any) -> None:
    options: dict[str, Any] = {"mode": mode, "filter": filter}
    expected = list(both.local.rank(QUERIES, k, **options))
    assert any(expected)
    assert_equal(list(both.remote.rank(QUERIES, k, **options)), expected)


@pytest.mark.parametrize("others", [{}, {"passage": 0, "views": 0, "feedback": 0}])
def test_reranked_hits_are_equal(
    both: Both, monkeypatch: pytest.MonkeyPatch, others: dict[str, float]
) -> None:
    use_shortest(monkeypatch)
    settings = SearchSettings.model_validate(
        {"hybrid": {"reranker": 1.0, **others}, "reranker": {"name": "m", "seconds": 60}}
    )
    for query in QUERIES:
        local, remote = (
            one.search(query, 20, settings=settings) for one in (both.local, both.remote)
        )
        assert [hit.document.id for hit in remote] == [hit.document.id for hit in local]
        for own, other in zip(local, remote, strict=True):
            assert own.rankers["reranker"].score == other.rankers["reranker"].score


@pytest.mark.usefixtures("engine")
def test_probabilities_are_equal_and_a_filter_does_not_change_them(tmp_path: Path) -> None:
    where = address(tmp_path)
    index = write(tmp_path / "index", documents(70), segments=2)
    usual = HybridWeights()
    calibration = Calibration(temperature=0.5, chosen=usual, default=usual, documents=70, seed=0)
    edit_manifest(
        index,
        calibration=calibration.model_dump(),
        search=SearchSettings(candidates=20).model_dump(),
    )
    export_to_qdrant(index, parse_address(where))
    filters: list[Any] = [None, {"even": True}, {"number": {"lt": 3}}]
    with searcher(index) as local, searcher(where) as remote:
        for query in QUERIES:
            free = _probabilities(remote, query, 20, None)
            for filter in filters:
                expected = _probabilities(local, query, 5, filter)
                found = _probabilities(remote, query, 5, filter)
                assert found
                assert found == pytest.approx(expected, abs=1e-4)
                for id_ in free.keys() & found.keys():
                    assert found[id_] == pytest.approx(free[id_], abs=1e-6)


def _probabilities(searcher: Searcher, query: str, k: int, filter: Any) -> dict[str, float]:
    hits = searcher.search(query, k, filter=filter)
    return {hit.document.id: hit.probability or 0.0 for hit in hits}


def test_documents_are_those_of_the_index(both: Both) -> None:
    assert len(both.remote) == len(both.local) == 150
    found, expected = (
        sorted(one.read_documents(), key=lambda document: document.id)
        for one in (both.remote, both.local)
    )
    assert found == expected
    assert both.remote.get("d7") == both.local.get("d7")
    assert both.remote.get("nowhere") is None


@pytest.mark.parametrize("pool", [1, 3, 20])
def test_short_lists_are_made_longer_until_they_decide(both: Both, pool: int) -> None:
    settings = SearchSettings(candidates=pool)
    expected = list(both.local.rank(QUERIES, 1, settings=settings))
    assert_equal(list(both.remote.rank(QUERIES, 1, settings=settings)), expected)


def test_hits_are_equal(both: Both) -> None:
    for mode in get_args(Mode):
        for own, wanted in zip(
            both.remote.search(QUERIES, 5, mode=mode),
            both.local.search(QUERIES, 5, mode=mode),
            strict=True,
        ):
            by_id = {hit.document.id: hit for hit in wanted}
            for hit in own:
                same = by_id.get(hit.document.id, hit)
                assert (hit.document, hit.view, hit.passage) == (
                    same.document,
                    same.view,
                    same.passage,
                )
                assert [*hit.rankers] == [*same.rankers]


def test_a_document_and_its_views(both: Both) -> None:
    assert both.remote.read_document("d7") == both.local.read_document("d7")
    assert both.remote.read_document("nobody") is None
    assert both.remote.fields == both.local.fields
    assert both.remote.manifest.digest == both.local.manifest.digest


def test_other_parameters_of_bm25_are_refused(both: Both) -> None:
    with pytest.raises(SearchIndexError, match="export it again"):
        list(both.remote.rank(QUERIES, settings=SearchSettings(words=BM25(k1=2))))


def test_what_only_a_folder_can_do(both: Both) -> None:
    with pytest.raises(SearchIndexError, match="the folder that it was exported from"):
        _ = both.remote.segments
    with pytest.raises(SearchIndexError, match="no representation 'passage'; it has: views"):
        Searcher.open(both.remote.source, representation="passage")


def test_no_index_is_there(engine: str, tmp_path: Path) -> None:
    where = address(tmp_path)
    for _ in range(2):
        with pytest.raises(SearchIndexError, match="test is not an index: export one there"):
            searcher(where)
    assert not [*tmp_path.iterdir()] or engine == "local"
    with pytest.raises(SearchIndexError, match="other is not an index"):
        searcher(address(tmp_path / "nowhere", "other"))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.usefixtures("engine")
def test_near_duplicates_are_one_hit(tmp_path: Path) -> None:
    where = address(tmp_path)
    originals = documents(20)
    copies = [
        one._replace(document=replace(one.document, id=f"copy of {one.document.id}"))
        for one in originals[:10]
    ]
    index = write(tmp_path / "index", [*originals, *copies], segments=2)
    export_to_qdrant(index, parse_address(where))
    with searcher(index) as local, searcher(where) as remote:
        for query in QUERIES:
            found, expected = (
                {hit.document.id: hit.similar for hit in one.search(query, 30)}
                for one in (remote, local)
            )
            assert found == expected
        assert any(expected.values())
        assert len(remote.search(QUERIES[0], 30, mode="dense", collapse=False)) == 30
