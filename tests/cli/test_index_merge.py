"""``corpus-tuner index merge``."""

from pathlib import Path

from tests.cli.conftest import Run


def test_segments_are_merged_without_removed_documents(grown_index: Path, run: Run) -> None:
    assert run("index", "remove", grown_index, "d0", "n2").code == 0
    assert "7 in 2 segments, 2 deleted" in run("info", grown_index).out
    assert "7 documents in 1 segment," in run("index", "merge", grown_index).out
    assert "is valid" in run("index", "check", grown_index).out
    assert "7 documents" in run("index", "export", grown_index, grown_index.parent / "i.tar").out
