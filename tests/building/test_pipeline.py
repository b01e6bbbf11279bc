"""Builds: what comes out, what is reused, what a kill leaves behind."""

import json
import random
import shutil
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Recipe, Searcher, SearchIndexError, build, load_recipe
from corpus_tuner.indexes.store.layout import Layout
from tests.building.conftest import read_segment
from tests.conftest import make_documents, write_jsonl
from tests.fault_injection import start_command, wait_for_exit


@pytest.fixture
def settings(encoder_folder: Path) -> Recipe:
    chosen = [f"encoder.name={encoder_folder}", "language=en", "documents_at_once=4"]
    chosen.append("generator=extractive")
    return load_recipe(None, chosen)


def test_build_and_search(tmp_path: Path, settings: Recipe, encoder: Any) -> None:
    documents = make_documents(30)
    report = build(write_jsonl(tmp_path / "c.jsonl", documents), tmp_path / "i", settings)
    assert report.documents == 30
    assert report.views["title"] == 30
    assert report.views["passage"] >= 30 + report.split_documents
    assert {"sentence", "keywords", "summary"} <= set(report.views)
    assert report.split_documents == sum(
        encoder.count_tokens([f"{document['title']} {document['text']}"])[0] > encoder.max_tokens
        for document in documents
    )
    assert report.split_documents > 3
    with Searcher.open(tmp_path / "i", representation="passage") as searcher:
        for document in documents[:5]:
            hits = searcher.search(f"{document['title']} {document['text']}", k=3)
            assert [hit.rank for hit in hits] == [1, 2, 3]
            assert hits[0].document.id == document["_id"]
            assert hits[0].score > 0.999
            assert hits[0].view.kind == "passage"
            assert f"{document['title']} {document['text']}".startswith(hits[0].view.text)
        texts = [document["text"] for document in documents]
        batches = searcher.search(texts, k=100)
        assert [len(hits) for hits in batches] == [30] * 30
        assert list(searcher.rank(texts, 3)) == [
            [(hit.document.id, hit.score) for hit in hits[:3]] for hits in batches
        ]


@pytest.mark.slow
def test_the_end_of_a_long_document_is_found(tmp_path: Path) -> None:
    filler = "The farmer went to the mill with wheat and barley in the winter. " * 40
    late = "A judge may lower the rent of a tenant whose flat is damp."
    breads = [{"_id": f"b{n}", "text": f"Bread {n} needs flour and {n} eggs."} for n in range(9)]
    documents = [*breads, {"_id": "long", "title": "", "text": filler + late}]
    recipe = load_recipe(None, ["generator=null", "language=en"])
    build(write_jsonl(tmp_path / "c.jsonl", documents), tmp_path / "i", recipe)
    with Searcher.open(tmp_path / "i") as searcher:
        (hit,) = searcher.search("walls are mouldy, can I pay my landlord less?", k=1)
    assert hit.document.id == "long"
    assert late in hit.view.text


def test_equal_scores_are_ordered_by_id(tmp_path: Path, settings: Recipe) -> None:
    documents = [{"_id": id_, "text": "A mill by the river."} for id_ in ("c", "a", "d", "b")]
    build(write_jsonl(tmp_path / "c.jsonl", documents), tmp_path / "i", settings)
    with Searcher.open(tmp_path / "i") as searcher:
        hits = searcher.search("mill", k=3, collapse=False)
        assert [hit.document.id for hit in hits] == ["a", "b", "c"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, settings: Recipe) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(20))
    build(corpus, tmp_path / "one", settings)
    build(corpus, tmp_path / "two", settings)
    assert read_segment(tmp_path / "one") == read_segment(tmp_path / "two")


def test_an_index_that_is_up_to_date_is_left_alone(tmp_path: Path, settings: Recipe) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(20))
    assert not build(corpus, tmp_path / "i", settings).unchanged
    before = (tmp_path / "i" / "manifest.json").stat().st_mtime_ns
    assert build(corpus, tmp_path / "i", settings).unchanged
    assert (tmp_path / "i" / "manifest.json").stat().st_mtime_ns == before
    write_jsonl(tmp_path / "c.jsonl", make_documents(21))
    assert not build(corpus, tmp_path / "i", settings).unchanged


def test_a_changed_corpus_replaces_the_index_under_an_open_searcher(
    tmp_path: Path, settings: Recipe
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(10))
    build(corpus, tmp_path / "i", settings)
    with Searcher.open(tmp_path / "i") as old:
        write_jsonl(tmp_path / "c.jsonl", make_documents(12, seed=1))
        build(corpus, tmp_path / "i", settings, fresh=True)
        assert len(old.search("mill", k=50)) == 10
        with Searcher.open(tmp_path / "i") as new:
            assert len(new.search("mill", k=50)) == 12
        assert len(list((tmp_path / "i" / "segments").iterdir())) == 2  # a reader has one open
    build(corpus, tmp_path / "i", settings)
    build(corpus, tmp_path / "fresh", settings)
    assert read_segment(tmp_path / "fresh") == read_segment(tmp_path / "i")
    assert sorted(path.name for path in (tmp_path / "i").iterdir()) == [
        "ledger.sqlite",
        "ledger.sqlite.sha256",
        "manifest.json",
        "segments",
        "writer.lock",
    ]


def test_a_kill_behind_the_commit_leaves_nothing_for_good(
    tmp_path: Path, settings: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"generator": None})
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(10))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("corpus_tuner.indexes.store.commit.collect_garbage", killed)
        with pytest.raises(KeyboardInterrupt):
            build(corpus, tmp_path / "i", settings)
    assert list((tmp_path / "i").glob("building-*"))
    assert build(corpus, tmp_path / "i", settings).unchanged
    assert not list((tmp_path / "i").glob("building-*"))


def test_metadata_and_odd_ids_come_back(tmp_path: Path, settings: Recipe) -> None:
    record = {"_id": "my notes/ä.txt", "text": "A mill.", "metadata": {"year": 1999}}
    build(write_jsonl(tmp_path / "c.jsonl", [record]), tmp_path / "i", settings)
    with Searcher.open(tmp_path / "i") as searcher:
        (hit,) = searcher.search("mill")
    assert hit.document.id == "my notes/ä.txt"
    assert hit.document.metadata == {"year": 1999}


def test_a_model_that_writes(tmp_path: Path, settings: Recipe, t5_folder: Path) -> None:
    writing = load_recipe(
        None, [f"generator={{name: seq2seq, model: {t5_folder}, max_new_tokens: 6}}"]
    )
    settings = settings.model_copy(update={"generator": writing.generator, "checks": ()})
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(9))
    report = build(corpus, tmp_path / "i", settings)
    assert {"question", "keywords"} <= set(report.views)
    manifest = json.loads((tmp_path / "i" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["build"]["generators"][0].startswith("seq2seq ")


def start_build(corpus: Path, index: Path, encoder_folder: Path) -> BaseProcess:
    options = [f"encoder.name={encoder_folder}", "language=en", "documents_at_once=2"]
    options += ["generator=extractive", "calibrate=false"]
    chosen = [part for option in options for part in ("--set", option)]
    return start_command("build", corpus, "--output", index, *chosen)


@pytest.mark.slow
def test_kills_leave_no_trace(tmp_path: Path, encoder_folder: Path) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(40))
    begin = time.monotonic()
    assert wait_for_exit(start_build(corpus, tmp_path / "whole", encoder_folder)) == 0
    whole = time.monotonic() - begin

    index = tmp_path / "killed"
    chance = random.Random(8)
    kills = 0
    while kills < 3:
        build_ = start_build(corpus, index, encoder_folder)
        while not list(index.glob("building-*")) and build_.is_alive():
            time.sleep(0.01)
        time.sleep(chance.uniform(0, whole / 4))
        if build_.is_alive():
            build_.kill()
            kills += 1
        else:  # it was through before the kill came: begin again
            shutil.rmtree(index)
        wait_for_exit(build_)
    assert wait_for_exit(start_build(corpus, index, encoder_folder)) == 0
    assert read_segment(index) == read_segment(tmp_path / "whole")
    assert not list(index.glob("building-*"))


def test_a_reranker_that_cannot_be_opened_is_an_error_before_anything_is_built(
    tmp_path: Path, encoder: Any
) -> None:
    chosen = {"search": {"reranker": str(tmp_path / "none")}, "calibrate": False}
    with pytest.raises(SearchIndexError, match="cannot load the reranker"):
        build(make_documents(5), tmp_path / "index", chosen, encoder=encoder)
    assert not Layout(tmp_path / "index").builds_in_progress
    assert not Layout(tmp_path / "index").manifest.exists()
