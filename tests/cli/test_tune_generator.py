"""``corpus-tuner tune generator``: its options; `tests.tuning` tests what it does."""

from pathlib import Path

from tests.cli.conftest import Run


def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path, run: Run) -> None:
    command = ("tune", "generator", "--base", tmp_path / "base", "-o", tmp_path / "tuned")
    settings = tmp_path / "settings.yaml"
    settings.write_text("seed: 1\nstep: 3\n", encoding="utf-8")
    for options in (("--set", "step=3"), ("--settings", settings)):
        failed = run(*command, "--pairs", tmp_path / "pairs.jsonl", *options)
        assert failed.code == 2
        assert "'steps'" in failed.err
    assert "settings.yaml:2: " in failed.err
    assert not (tmp_path / "tuned").exists()


def test_a_corpus_or_pairs_are_needed(tmp_path: Path, run: Run) -> None:
    command = ("tune", "generator", "--base", tmp_path / "base", "-o", tmp_path / "tuned")
    assert run(*command).code == 2
    failed = run(*command, "--pairs", tmp_path / "none.jsonl")
    assert failed.code == 2
    assert "none.jsonl" in failed.err
    assert not (tmp_path / "tuned").exists()
