"""``corpus-tuner tune encoder``: its options; `tests.tuning` tests what it does."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("minute=1", "'minutes'"),
        ("encoder.nam=x", "'name'"),
        ("steps", "write it as stage.key=value"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_written(
    built: Path, tmp_path: Path, run: Run, assignment: str, message: str
) -> None:
    out = tmp_path / "tuned"
    failed = run("tune", "encoder", built / "c.jsonl", "-o", out, "--set", assignment)
    assert failed.code == 2
    assert message in failed.err
    assert not out.exists()


def test_documents_are_needed(tmp_path: Path, run: Run) -> None:
    assert run("tune", "encoder", "-o", tmp_path / "tuned").code == 2
    failed = run("tune", "encoder", tmp_path / "none.jsonl", "-o", tmp_path / "tuned")
    assert failed.code == 2
    assert "none.jsonl" in failed.err
