"""An open searcher follows the index when it is built again, and no search is cut off."""

import threading
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Searcher, SearchIndexError, build, load_settings
from tests.conftest import make_documents, write_jsonl

CHOSEN = ["generator=null", "views.sentences=2", "calibrate=false", "language=en"]


def make(folder: Path, encoder: Any, count: int, seed: int = 0) -> Path:
    write_jsonl(folder / "corpus.jsonl", make_documents(count, seed))
    build(folder / "corpus.jsonl", folder / "index", load_settings(None, CHOSEN), encoder=encoder)
    return folder / "index"


def test_refresh(tmp_path: Path, encoder: Any) -> None:
    index = make(tmp_path, encoder, 20)
    with Searcher.open(index, encoder=encoder) as searcher:
        assert not searcher.refresh()
        before = searcher.search("the mill", 50)
        assert len(before) == 20
        make(tmp_path, encoder, 31)
        assert searcher.search("the mill", 50) == before  # as it was opened
        assert searcher.refresh()
        assert len(searcher.search("the mill", 50)) == 31
        found = searcher.document(before[0].document.id)
        assert found is not None
        assert found[0] == before[0].document
        assert {view.kind for view in found[1]} >= {"passage", "sentence"}
        assert searcher.document("no such") is None


def test_an_index_of_another_encoder_is_refused(
    tmp_path: Path, encoder: Any, other_encoder_folder: Path
) -> None:
    from corpus_tuner.indexes.encoders import EncoderSettings, open_encoder

    index = make(tmp_path, encoder, 20)
    with Searcher.open(index, encoder=encoder) as searcher:
        make(tmp_path, open_encoder(EncoderSettings(name=str(other_encoder_folder))), 20)
        with pytest.raises(SearchIndexError, match="another encoder"):
            searcher.refresh()
        assert len(searcher.search("the mill", 50)) == 20


def test_searches_go_on_while_the_index_is_switched(tmp_path: Path, encoder: Any) -> None:
    index = make(tmp_path, encoder, 20)
    failures: list[BaseException] = []
    counts: set[int] = set()
    stop = threading.Event()
    with Searcher.open(index, encoder=encoder) as searcher:

        def ask() -> None:
            while not stop.is_set():
                try:
                    counts.add(len(searcher.search("the old mill by the river", 50)))
                except BaseException as error:
                    failures.append(error)
                    return

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for count in (25, 30, 35):
            make(tmp_path, encoder, count)
            searcher.refresh()
        stop.set()
        for thread in threads:
            thread.join()
        counts.add(len(searcher.search("the mill", 50)))
    assert not failures
    assert 35 in counts
    assert counts <= {20, 25, 30, 35}


def test_a_score_does_not_depend_on_how_many_are_asked_for(tmp_path: Path, encoder: Any) -> None:
    index = make(tmp_path, encoder, 60)
    query = "the farmer and the old mill"
    with Searcher.open(index, encoder=encoder) as searcher:
        settings = searcher.manifest.search.model_copy(update={"pool": 10})
        few, more, all_ = (
            [(hit.document.id, hit.score) for hit in searcher.search(query, k, settings=settings)]
            for k in (5, 10, 60)
        )
    assert more[:5] == few
    assert set(more) <= set(all_)
    assert len(all_) == 60


def test_ranks_by_each_score(tmp_path: Path, encoder: Any) -> None:
    index = make(tmp_path, encoder, 20)
    query = "the farmer and the old mill"
    with Searcher.open(index, encoder=encoder) as searcher:
        settings = searcher.manifest.search.model_copy(update={"hybrid_views": 0.5})
        dense = searcher.search(query, 20, mode="dense")
        words = searcher.search(query, 20, mode="lexical")
        for hit in searcher.search(query, 20, mode="hybrid", settings=settings):
            alone = {each.document.id: each.rank for each in dense}
            score = {each.document.id: each.score for each in dense}
            if list(score.values()).count(score[hit.document.id]) == 1:
                assert hit.dense_rank == alone[hit.document.id]
            spoken = {each.document.id: each.score for each in words}
            if hit.document.id in spoken:
                better = sum(each > spoken[hit.document.id] for each in spoken.values())
                assert hit.words_rank == better + 1
            else:
                assert hit.words_rank is None
        assert all(hit.dense_rank is None for hit in words)
        assert all(hit.words_rank is None for hit in dense)
