"""Whatever fails, an index is what it was before or what it is to be, and nothing is left over."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import corpus_tuner as ct
from corpus_tuner.errors import LockedError
from corpus_tuner.indexes.store.write_lock import lock_index
from tests.building.conftest import OPTIONS, assert_nothing_is_left_over, state
from tests.conftest import make_documents, nightly, write_jsonl
from tests.fault_injection import (
    fail_writes,
    start_command,
    wait_for_exit,
)

Change = Callable[[Path, Any], object]
NIGHTLY = nightly()


def changes(settings: ct.Recipe) -> dict[str, Change]:
    return {
        "sync": lambda index, encoder: ct.build(
            index.parent / "d.jsonl", index, settings, encoder=encoder
        ),
        "add": lambda index, encoder: ct.add(index, make_documents(3, seed=9), encoder=encoder),
        "remove": lambda index, _: ct.remove(index, ["d1", "d3", "d41"]),
        "merge": lambda index, _: ct.merge(index),
        "calibrate": lambda index, encoder: ct.calibrate(index, encoder=encoder),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sync", "add", "remove", "merge", "calibrate"])
def test_a_full_disk_at_any_step(name: str, index: Path, settings: ct.Recipe, encoder: Any) -> None:
    change = changes(settings)[name]
    before = state(index)
    shutil.copytree(index, index.with_name("whole"))
    change(index.with_name("whole"), encoder)
    after = state(index.with_name("whole"))
    for at in range(1, 200, 1 if NIGHTLY else 3):
        try:
            with fail_writes(at) as calls:
                change(index, encoder)
            break
        except ct.CorpusTunerError as error:
            assert "No space left on device: make room there" in str(error)
            assert str(index) in str(error)
        assert state(index) in (before, after)
    assert len(calls) < at
    change(index, encoder)
    assert state(index) == after
    assert_nothing_is_left_over(index)


def limited(command: list[object], *limits: object) -> tuple[int, str]:
    """Run the command line under limits; return its exit code and what it says of an error."""
    program = [*limits, sys.executable, "-m", "corpus_tuner", *command]
    ran = subprocess.run([*map(str, program)], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


@pytest.mark.slow
def test_a_folder_that_may_only_be_read(index: Path, encoder_folder: Path) -> None:
    bounded: list[object] = []
    if os.geteuid() == 0:  # root may write anywhere, unless it gives that up
        if not shutil.which("setpriv"):
            pytest.skip("setpriv is missing")
        bounded = ["setpriv", "--bounding-set=-dac_override"]
    before = state(index)
    for folder in (index, *index.rglob("*")):
        folder.chmod(folder.stat().st_mode & ~0o222)
    try:
        corpus = index.parent / "d.jsonl"
        recipe = [part for option in OPTIONS for part in ("--set", option)]
        recipe += ["--set", f"encoder.name={encoder_folder}", "--set", "calibrate=false"]
        refused: list[list[object]] = [
            ["build", corpus, "-o", index, *recipe],
            ["index", "add", index, corpus],
            ["index", "remove", index, "d1"],
            ["index", "merge", index],
            ["index", "calibrate", index],
            ["index", "export", index, index / "i.tar"],
        ]
        for command in refused if NIGHTLY else refused[::3]:  # a process each
            code, said = limited(command, *bounded)
            assert (code, said.count("\n")) == (2, 1), said
            assert "cannot write" in said
            assert "ermission denied" in said
        assert limited(["search", index, "mill", "--json"], *bounded)[0] == 0
        assert state(index) == before
    finally:
        for folder in (index, *index.rglob("*")):
            folder.chmod(folder.stat().st_mode | 0o200)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("prlimit"), reason="prlimit is missing")
def test_too_many_open_files(index: Path) -> None:
    before = state(index)
    for command in (["search", index, "mill"], ["index", "merge", index]):
        code, said = limited(command, "prlimit", "--nofile=5")
        assert code == 2, said
        assert "Too many open files" in said
        assert "damaged" not in said
        assert state(index) == before
    for files in (5, 6, 7):  # a database that cannot be opened is not a damaged one
        command = ["index", "check", index, "--repair"]
        code, said = limited(command, "prlimit", f"--nofile={files}")
        assert code in (0, 2), said
        assert "lost" not in said
        assert state(index) == before


@pytest.mark.slow
def test_kills_at_random_moments(index: Path, encoder_folder: Path, settings: ct.Recipe) -> None:
    chosen = [f"encoder.name={encoder_folder}", "calibrate=false", *OPTIONS]
    recipe = [part for option in chosen for part in ("--set", option)]
    write_jsonl(index.parent / "e.jsonl", make_documents(12, seed=9))
    commands: dict[str, list[object]] = {
        "sync": ["build", index.parent / "d.jsonl", "-o", index, *recipe],
        "add": ["index", "add", index, index.parent / "e.jsonl"],
        "remove": ["index", "remove", index, "d1", "d3", "d41"],
        "merge": ["index", "merge", index],
        "calibrate": ["index", "calibrate", index],
        "engine": [
            *("build", index.parent / "c.jsonl", "-o", index, *recipe),
            *("--set", "vectors={index: hnsw, min_rows: 20}"),
        ],
        "fresh": ["build", index.parent / "d.jsonl", "-o", index, "--fresh", *recipe],
    }
    chance = random.Random(16)
    kept = index.with_name("kept")
    shutil.copytree(index, kept)
    before = state(index)
    after: dict[str, Any] = {}
    took: dict[str, float] = {}
    for _ in range(200 if NIGHTLY else 3):
        name = chance.choice([*commands])
        if name not in after:
            begin = time.monotonic()
            assert wait_for_exit(start_command(*commands[name])) == 0
            took[name] = time.monotonic() - begin
            after[name] = state(index)
            shutil.rmtree(index)
            shutil.copytree(kept, index)
        process = start_command(*commands[name])
        time.sleep(chance.uniform(0, took[name]))
        process.kill()
        wait_for_exit(process)
        assert state(index) in (before, after[name]), name
        assert wait_for_exit(start_command(*commands[name])) == 0
        assert state(index) == after[name], name
        assert_nothing_is_left_over(index)
        shutil.rmtree(index)
        shutil.copytree(kept, index)


def test_a_second_writer_hears_who_is_at_work(index: Path, encoder: Any) -> None:
    with lock_index(index, "a long build"):
        for change in (
            lambda: ct.add(index, make_documents(1), encoder=encoder),
            lambda: ct.remove(index, ["d1"]),
            lambda: ct.merge(index),
            lambda: ct.calibrate(index, encoder=encoder),
            lambda: ct.repair(index, encoder=encoder),
        ):
            with pytest.raises(LockedError, match=r"a long build \(process \d+ on"):
                change()


def test_readers_keep_what_they_opened_while_others_commit(index: Path, encoder: Any) -> None:
    with (
        ct.Searcher.open(index, encoder=encoder) as kept,
        ct.Searcher.open(index, encoder=encoder) as following,
    ):
        before = kept.search("the old mill by the river", 50)
        for number in range(33 if NIGHTLY else 11):
            ct.add(index, [ct.Document(f"new{number}", "", "The old mill.")], encoder=encoder)
            ct.remove(index, [f"d{number}"])
            if number % 10 == 0:
                ct.merge(index)
            assert following.refresh()
            assert len(following.search("the old mill", 100, collapse=False)) == 44
            assert kept.search("the old mill by the river", 50) == before
    ct.merge(index)
    assert ct.check(index) == []
    assert_nothing_is_left_over(index)


def test_an_index_goes_elsewhere_as_one_file(index: Path, encoder: Any, tmp_path: Path) -> None:
    ct.remove(index, ["d1"])
    ct.export_index(index, tmp_path / "one.tar")
    ct.export_index(index, tmp_path / "two.tar")
    whole = (tmp_path / "one.tar").read_bytes()
    assert whole == (tmp_path / "two.tar").read_bytes()
    ct.import_index(tmp_path / "one.tar", tmp_path / "elsewhere" / "copy")
    assert state(tmp_path / "elsewhere" / "copy") == state(index)
    with pytest.raises(ct.SearchIndexError, match="exists already"):
        ct.import_index(tmp_path / "one.tar", index)
    chance = random.Random(0)
    for _ in range(20):
        data = bytearray(whole)
        if chance.random() < 0.5:
            del data[chance.randrange(len(data) // 2) :]
        else:  # in a file's contents: what pads a tar archive means nothing
            at = whole.index(b"SQLite format 3") + chance.randrange(4_000)
            data[at] ^= 255
        (tmp_path / "damaged.tar").write_bytes(data)
        with pytest.raises(ct.SearchIndexError):
            ct.import_index(tmp_path / "damaged.tar", tmp_path / "new")
        assert not (tmp_path / "new").exists()
