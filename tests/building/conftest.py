"""An index of two segments, of which every test has a copy of its own."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corpus_tuner as ct
from corpus_tuner.indexes.store.manifest import read_manifest
from tests.conftest import make_documents, write_jsonl

OPTIONS = ["language=en", "generator=extractive", "views.sentences=3", "documents_at_once=8"]


@pytest.fixture(scope="module")
def settings(encoder_folder: Path) -> ct.Recipe:
    return ct.load_recipe(None, [f"encoder.name={encoder_folder}", "calibrate=false", *OPTIONS])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, settings: ct.Recipe, encoder: Any) -> Path:
    """A folder with a corpus, ``c.jsonl``, another, ``d.jsonl``, and the index of the first."""
    folder = tmp_path_factory.mktemp("faults")
    documents = make_documents(40)
    ct.build(write_jsonl(folder / "c.jsonl", documents), folder / "i", settings, encoder=encoder)
    ct.add(folder / "i", make_documents(44)[40:], encoder=encoder)
    changed = [*documents[9:], *make_documents(5, seed=5)]
    write_jsonl(folder / "d.jsonl", changed)
    return folder


@pytest.fixture
def index(tmp_path: Path, built: Path) -> Path:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return tmp_path / "i"


def state(index: Path) -> tuple[dict[str, ct.Document], bool]:
    """The documents of a valid index, and whether it is calibrated."""
    assert ct.check(index) == []
    with ct.Searcher.open(index) as searcher:
        segments = searcher.segments
        documents = segments.read_documents(np.flatnonzero(segments.live_docs))
        assert len(searcher.search("the old mill", 100)) == len(documents)
        return {one.id: one for one in documents}, bool(searcher.manifest.calibration)


def assert_nothing_is_left_over(index: Path) -> None:
    named = {entry.name: entry for entry in read_manifest(index).segments}
    assert {folder.name for folder in (index / "segments").iterdir()} == {*named}
    for folder in (index / "segments").iterdir():
        assert {file.name for file in folder.iterdir()} == {*named[folder.name].files}
    names = {file.name for file in index.iterdir()}
    usual = {"ledger.sqlite", "ledger.sqlite.sha256", "manifest.json", "segments", "writer.lock"}
    assert names == usual


def read_segment(index: Path) -> dict[str, bytes]:
    """The files of the only segment of an index."""
    (segment,) = (index / "segments").iterdir()
    return {file.name: file.read_bytes() for file in sorted(segment.iterdir())}
