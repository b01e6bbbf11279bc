"""Settings of a build on a cluster."""

from typing import Any

import pytest

from corpus_tuner import CorpusTunerError, load_recipe


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("ray.workers=0", "workers"),
        ("ray.cpus=0", "cpus"),
        ("ray.gpus=-1", "gpus"),
        ("ray.shard_documents=many", "shard_documents"),
        ("ray.worker=2", r"is it 'workers'\?"),
    ],
)
def test_values_that_make_no_sense_are_refused(assignment: str, message: str) -> None:
    with pytest.raises(CorpusTunerError, match=message):
        load_recipe(None, [assignment])


def test_workers_can_share_a_gpu() -> None:
    settings: Any = load_recipe(None, ["ray.gpus=0.5", "ray.workers=4"]).ray
    assert (settings.gpus, settings.workers, settings.shard_documents) == (0.5, 4, None)
