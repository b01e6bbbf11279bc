"""Removal of documents, and the weights chosen after it."""

from pathlib import Path

import corpus_tuner as ct
from corpus_tuner.indexes.store.manifest import read_manifest
from tests.conftest import make_documents


def test_weights_are_chosen_anew_when_much_was_removed(tmp_path: Path, small: list[str]) -> None:
    records = make_documents(130, seed=7)
    recipe = ct.load_recipe(None, [*small[1::2], "calibrate=true"])
    index = tmp_path / "index"
    assert ct.build(records, index, recipe).documents == 130
    ct.remove(index, ["d1"])
    assert read_manifest(index).changed == 1
    ct.remove(index, [f"d{number}" for number in range(2, 20)])
    after = read_manifest(index)
    assert after.changed == 0
    assert after.calibration
    assert after.calibration.documents == 111
