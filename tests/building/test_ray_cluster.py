"""Builds on a Ray cluster: the index of one process, whatever dies on the way."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corpus_tuner as ct
from corpus_tuner.encoders import open_encoder
from corpus_tuner.indexes.representations import read_representation
from tests.building.test_add import described
from tests.conftest import Outcome, make_documents, write_jsonl

OPTIONS = [
    *("language=en", "generator=extractive", "views.sentences=3", "calibrate=false"),
    *("documents_at_once=4", "ray.shard_documents=16"),
]


@pytest.fixture
def cluster(cache: Path) -> Iterator[Any]:
    """Two nodes on this machine, each with room for a worker; builds are started at the first."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_BACKEND_LOG_LEVEL", "fatal")
        patch.setenv("RAY_worker_niceness", "0")  # else workers wait for whatever else runs
        from ray.cluster_utils import Cluster

        usual = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
        quick = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500}
        made = Cluster(True, head_node_args={**usual, "_system_config": quick})
        made.add_node(**usual)
        ray.init(made.address, log_to_driver=False, logging_level="error")
        yield made
        ray.shutdown()
        made.shutdown()


@pytest.fixture(scope="module")
def encoder() -> Any:
    """The embedded one: workers need no PyTorch for it, which takes long to import."""
    return open_encoder()


def corpus(folder: Path, documents: list[dict[str, Any]]) -> Path:
    marked = [{**one, "mark": len(one["text"]) % 3} for one in documents]
    return write_jsonl(folder / "corpus.jsonl", marked)


def all_of(index: Path, encoder: Any) -> dict[str, Any]:
    """What can be seen of an index, and the vectors of every document."""
    with ct.Searcher.open(index, encoder=encoder) as searcher:
        segments, manifest = searcher.segments, searcher.manifest
        dense = segments.open_dense(
            read_representation(manifest.representations["views"]), manifest.encoder.dimension
        )
        living = np.flatnonzero(segments.live_docs)
        vectors, starts = dense.vectors(living)
        rows = np.split(vectors, starts[1:])
        named = zip(segments.read_documents(living), rows, strict=True)
        vectors_of = {one.id: own.tobytes() for one, own in named}
    assert ct.check(index) == []
    return {**described(index, encoder), "vectors": vectors_of}


def finished(index: Path) -> list[Path]:
    return [*index.glob("building-*/shards/*.json")]


def soon(there: Callable[[], object]) -> None:
    """Wait until something is there."""
    for _ in range(3_000):
        if there():
            return
        time.sleep(0.1)
    raise AssertionError("it never comes")


@pytest.mark.slow
def test_whatever_dies_on_the_way_the_index_is_that_of_one_process(
    cluster: Any, tmp_path: Path, encoder: Any
) -> None:
    documents = make_documents(112)
    source, index = corpus(tmp_path, documents), tmp_path / "index"
    chosen = [part for option in (*OPTIONS, "ray.workers=1") for part in ("--set", option)]
    command = ["build", source, "-o", index, "--ray", cluster.address, *chosen]
    process = subprocess.Popen([sys.executable, "-m", "corpus_tuner", *map(str, command)])
    try:
        soon(lambda: finished(index) or process.poll() is not None)
    finally:
        process.kill()
        process.wait()
    before = {file: file.stat().st_mtime_ns for file in index.glob("segments/*/documents.sqlite")}
    assert finished(index) and not (index / "manifest.json").exists()

    corpus(tmp_path, [*documents[1:], documents[0] | {"_id": "new"}])  # it changes meanwhile
    settings = ct.load_recipe(None, OPTIONS)
    begun = len(finished(index))
    killed = []

    def kill() -> None:
        soon(lambda: len(finished(index)) > begun)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        killed.append(len(finished(index)))

    killing = threading.Thread(target=kill, daemon=True)
    killing.start()
    report = ct.build(source, index, settings, encoder=encoder, ray=cluster.address)
    killing.join()
    assert report.changes.added == report.documents == 112
    assert killed[0] < report.segments
    after = {file: file.stat().st_mtime_ns for file in index.glob("segments/*/documents.sqlite")}
    assert before.items() & after.items(), "what was finished was made again"
    assert not [*index.glob("building-*")]
    ct.build(source, tmp_path / "one", settings, encoder=encoder)
    assert all_of(index, encoder) == all_of(tmp_path / "one", encoder)


def test_errors_that_the_user_can_mend(
    run: Callable[..., Outcome], small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = corpus(tmp_path, make_documents(3))
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "ray", None)
        said = run("build", source, "-o", tmp_path / "index", *small, "--ray", "local")
    assert said.code == 2
    assert said.err.startswith("error: a build on a cluster (--ray) needs an extra: pip install")
    pytest.importorskip("ray")
    for address, reason in (("127.0.0.1:1", "refused"), ("nonsense", "Invalid address")):
        said = run("build", source, "-o", tmp_path / "index", *small, "--ray", address)
        assert (said.code, said.err.count("\n")) == (2, 1), said.err
        assert reason in said.err
    assert not (tmp_path / "index").exists()
