"""An open searcher follows the index when it is built again, and no search is cut off."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corpus_tuner.indexes.lexical.bm25 as bm25_module
import corpus_tuner.indexes.search.local_index as local_module
from corpus_tuner import Searcher, SearchIndexError, SearchSettings, add, build, load_recipe
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.lexical.bm25 import BM25
from corpus_tuner.indexes.store.manifest import Manifest, read_manifest
from tests.conftest import nightly
from tests.indexes.indexing import CHOSEN, Table, build_index, encoded, write_index


def test_refresh(tmp_path: Path, encoder: Any) -> None:
    index = build_index(tmp_path, encoder, 20)
    with Searcher.open(index, encoder=encoder) as searcher:
        assert not searcher.refresh()
        before = searcher.search("the mill", 50)
        assert len(before) == 20
        build_index(tmp_path, encoder, 31)
        assert searcher.search("the mill", 50) == before  # as it was opened
        assert searcher.refresh()
        assert len(searcher.search("the mill", 50)) == 31
        found = searcher.read_document(before[0].document.id)
        assert found is not None
        assert found[0] == before[0].document
        assert {view.kind for view in found[1]} >= {"passage", "sentence"}
        assert searcher.read_document("no such") is None


def test_an_index_of_another_encoder_is_refused(
    tmp_path: Path, encoder: Any, other_encoder_folder: Path
) -> None:
    from corpus_tuner.encoders import EncoderSettings, open_encoder

    index = build_index(tmp_path, encoder, 20)
    with Searcher.open(index, encoder=encoder) as searcher:
        build_index(tmp_path, open_encoder(EncoderSettings(name=str(other_encoder_folder))), 20)
        with pytest.raises(SearchIndexError, match="another encoder"):
            searcher.refresh()
        assert len(searcher.search("the mill", 50)) == 20


@pytest.mark.slow
def test_searches_go_on_while_the_index_is_switched(tmp_path: Path, encoder: Any) -> None:
    index = build_index(tmp_path, encoder, 20)
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
            build_index(tmp_path, encoder, count)
            searcher.refresh()
            deadline = time.monotonic() + 60
            while count not in counts and not failures and time.monotonic() < deadline:
                time.sleep(0.01)
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert counts - {20} == {25, 30, 35}  # each of the indexes, and no mixture of two


def test_a_score_does_not_depend_on_how_many_are_asked_for(tmp_path: Path, encoder: Any) -> None:
    index = build_index(tmp_path, encoder, 60)
    query = "the farmer and the old mill"
    with Searcher.open(index, encoder=encoder) as searcher:
        settings = SearchSettings(candidates=10)
        few, more, all_ = (
            [(hit.document.id, hit.score) for hit in searcher.search(query, k, settings=settings)]
            for k in (5, 10, 60)
        )
    assert more[:5] == few
    assert set(more) <= set(all_)
    assert len(all_) == 60


def test_an_index_that_is_replaced_while_it_is_opened(
    tmp_path: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The segment that the manifest named is gone when its files are opened."""
    index = build_index(tmp_path, encoder, 20)
    read = read_manifest
    rebuilt: list[int] = []

    def read_and_rebuild(path: Path) -> Manifest:
        manifest = read(path)
        if len(rebuilt) < 3:
            rebuilt.append(21 + len(rebuilt))
            build_index(tmp_path, encoder, rebuilt[-1])
        return manifest

    monkeypatch.setattr(local_module, "read_manifest", read_and_rebuild)
    with Searcher.open(index, encoder=encoder) as searcher:
        assert len(searcher.search("the mill", 50)) == rebuilt[-1]
        rebuilt.clear()
        build_index(tmp_path, encoder, 40)
        while searcher.refresh():
            pass
        assert len(searcher.search("the mill", 50)) == 23


@pytest.mark.slow
def test_readers_open_during_many_commits(tmp_path: Path) -> None:
    vectors = np.ones((1, 3), np.float32)
    documents = [encoded(number, "mill", vectors) for number in range(3)]
    encoder = Table({"mill": np.ones(3, np.float32)})
    write_index(tmp_path, documents, lexical=LexicalSettings())
    failures: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        with Searcher.open(tmp_path, encoder=encoder) as kept:
            while not stop.is_set():
                try:
                    with Searcher.open(tmp_path, encoder=encoder) as searcher:
                        assert len(searcher.search("mill", collapse=False)) == 3
                    kept.refresh()
                    assert len(kept.search("mill", collapse=False)) == 3
                except BaseException as error:
                    failures.append(error)
                    return

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(100 if nightly() else 30):
        write_index(tmp_path, documents, lexical=LexicalSettings())
    stop.set()
    thread.join()
    assert not failures


def test_windows_of_long_documents_have_the_scores_that_rank_them(
    tmp_path: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read from their texts again to choose the passage of a hit."""
    filler = "The farmer and the river turn the wheel of the mill. "
    texts = [filler, filler * 30 + "Lavender. " + filler * 10, filler * 60, "Lavender in winter. "]
    documents = [{"id": f"d{number}", "text": text} for number, text in enumerate(texts)]
    build(documents, tmp_path / "index", load_recipe(None, CHOSEN), encoder=encoder)
    added = [{"id": "d4", "text": filler * 20 + "Wheat and lavender. " + filler * 20}]
    add(tmp_path / "index", added, encoder=encoder)
    query = "lavender by the river"
    with Searcher.open(tmp_path / "index", encoder=encoder) as searcher:
        words, local = searcher.lexical["words"], searcher.local
        assert len(searcher.segments.folders) == 2
        for number, one in enumerate(searcher.segments.read_stored(np.arange(5))):
            windows = [*one.passages.values()]
            scores = local.score_windows("words", query, number, windows, BM25())
            np.testing.assert_allclose(scores, words.score_texts(query, windows, BM25()))
        monkeypatch.setattr(bm25_module, "extract_terms", None)
        hits = searcher.search(query, 3, mode="lexical")
        assert {hit.document.id for hit in hits} == {"d1", "d3", "d4"}
        assert all("avender" in hit.passage.text for hit in hits)
