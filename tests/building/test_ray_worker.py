"""Workers of a cluster: their errors and their counts; `test_ray_cluster` runs some."""

from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.building.ray_worker import DocumentCounter, Worker, WorkerTask
from corpus_tuner.indexes.store.shards import Shard


def make_worker(folder: Path, **values: Any) -> Worker:
    task: dict[str, Any] = {
        "index": str(folder / "index"),
        "building": str(folder / "building"),
        "ledger": str(folder / "ledger.sqlite"),
        "recipe": {},
        "languages": ("en",),
        "fingerprint": "",
        "key": "",
        "folder": str(folder),
    }
    return Worker(WorkerTask(**task | values), counter=None)


SHARD = Shard("abc", 0, 10, 1)._asdict()


def test_another_version_of_the_package_is_a_problem_that_names_both(tmp_path: Path) -> None:
    done = make_worker(tmp_path, version="0.0.1")(SHARD)
    assert done["entry"] == ""
    assert "0.0.1 where the build was started: install the same" in done["problem"]


@pytest.mark.parametrize("text", ["No space left on device", ""])
def test_a_full_disk_is_a_problem_and_other_faults_are_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, text, "ledger.sqlite") if text else KeyError("fault")

    monkeypatch.setattr(Worker, "_build_shard", fail)
    worker = make_worker(tmp_path)
    if not text:
        with pytest.raises(KeyError):
            worker(SHARD)
        return
    problem = worker(SHARD)["problem"]
    assert "cannot open or write ledger.sqlite: No space left on device" in problem


def test_a_restarted_shard_counts_once() -> None:
    counter = DocumentCounter()
    counter.report("a", 16)
    counter.report("b", 4)
    counter.report("a", 8)
    assert counter.sum() == 12
