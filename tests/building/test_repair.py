"""Repair of an index: damaged segments are indexed again, and nothing comes back."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

import corpus_tuner as ct
from tests.building.conftest import assert_nothing_is_left_over, state
from tests.conftest import nightly
from tests.fault_injection import (
    damage_file,
    list_files_to_damage,
)


def test_all_damage_is_found(index: Path, encoder: Any) -> None:
    ct.remove(index, ["d1", "d3", "d41"])
    kept = index.with_name("kept")
    shutil.copytree(index, kept)
    chance = random.Random(1)
    for _ in range(1_000 if nightly() else 60):
        every = list_files_to_damage(index)
        file = chance.choice(every)
        how = damage_file(file, [one for one in every if one != file], chance)
        try:
            found = [str(problem) for problem in ct.check(index)]
        except ct.SearchIndexError as error:
            found = [str(error)]
        gone = how == "delete" and file.name == "ledger.sqlite"  # there need not be one
        assert found or gone, (file.name, how)
        try:  # without its checksums an answer may be wrong, but the process goes on
            with ct.Searcher.open(index, encoder=encoder) as searcher:
                searcher.search("the old mill by the river", 50)
        except ct.SearchIndexError:
            pass
        shutil.rmtree(index)
        shutil.copytree(kept, index)


@pytest.mark.parametrize(
    "name", ["words.counts.npy", "views.faiss", "passage.starts.npy", "documents.sqlite"]
)
def test_repair(name: str, index: Path, encoder: Any) -> None:
    ct.remove(index, ["d1", "d3", "d41"])
    with ct.Searcher.open(index, encoder=encoder) as searcher:
        before, runs = state(index), list(searcher.rank(["the old mill", "rent by law"], 50))
    file = index / "segments" / "000001" / name
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    done = ct.repair(index, encoder=encoder)
    assert [problem.file.name for problem in done.problems] == [name]
    assert done.rebuilt + done.lost == 38
    assert ct.check(index) == []
    after = state(index)
    assert len(after[0]) == len(before[0]) - done.lost
    if not done.lost:
        assert after == before
        with ct.Searcher.open(index, encoder=encoder) as searcher:
            assert list(searcher.rank(["the old mill", "rent by law"], 50)) == runs
    assert_nothing_is_left_over(index)


def test_what_was_removed_does_not_come_back_by_repair(index: Path, encoder: Any) -> None:
    ct.remove(index, ["d1"])
    (file,) = index.glob("segments/000001/live_docs.*")
    file.write_bytes(file.read_bytes()[:-40] + b"\1" * 40)
    with pytest.raises(ct.CorpusTunerError, match=r"which documents of .* were removed"):
        ct.repair(index, encoder=encoder)
