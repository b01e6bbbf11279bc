"""Environments of the comparison with other libraries."""

import sys
from pathlib import Path

from benchmarks.peers.environments import (
    ENCODER,
    LIBRARIES,
    OURS,
    filter_constraints,
    open_environment,
)


def test_a_library_may_need_another_version_than_the_project() -> None:
    constraints = filter_constraints("PyStemmer==2.2.0.3").lower()
    assert "pystemmer" not in constraints
    assert "\nnumpy==" in constraints


def test_a_complete_environment_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "bm25s").mkdir()
    wanted = "\n".join((*ENCODER, *LIBRARIES["bm25s"]))
    (tmp_path / "bm25s" / "complete.txt").write_text(wanted, encoding="utf-8")
    assert open_environment("bm25s", tmp_path) == str(tmp_path / "bm25s" / "bin" / "python")


def test_ours_runs_here(tmp_path: Path) -> None:
    assert open_environment(OURS, tmp_path) == sys.executable


def test_every_version_is_pinned() -> None:
    for packages in (ENCODER, *LIBRARIES.values()):
        assert all("==" in package for package in packages)
