"""Tuning a generator: the whole recipe of the paper, and errors of users."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_documents, write_jsonl
from tests.tuning.generator.conftest import FAST


def test_user_errors(
    run: Callable[..., Any], bart_folder: Path, pairs: Path, tmp_path: Path
) -> None:
    command = ["tune", "generator", "--base", bart_folder, "-o", tmp_path / "out"]
    assert run(*command).code == 2
    missing = run(*command, "--pairs", tmp_path / "none.jsonl")
    assert missing.code == 2 and "none.jsonl" in missing.err and "Traceback" not in missing.err
    wrong = run(*command, "--pairs", pairs, "--set", "step=3")
    assert wrong.code == 2 and "'steps'" in wrong.err


@pytest.mark.slow
def test_the_papers_recipe_runs_through_every_stage(
    t5_folder: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    """A random T5 stands for FLAN-T5: as generator, tuned on its own writing, and as encoder."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_documents(24))
    recipe = [
        *("--config", "configs/paper-flan-t5-base.yaml"),
        *("--set", f"encoder.name={t5_folder}", "--set", f"generator.model={t5_folder}"),
        *("--set", "generator.max_new_tokens=6", "--set", "encoder.max_tokens=64"),
        *("--set", "checks=[duplicate]"),
    ]
    tuned = tmp_path / "tuned"
    command = ["tune", "generator", corpus, "--base", t5_folder, "-o", tuned, *recipe, *FAST]
    done = run(*command, "--set", "rounds=2", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert set(report["pairs"]) == {"keywords-en", "question-en"}
    assert (tuned / "round-1" / "model.safetensors").is_file()
    assert "that `" in (tuned / "README.md").read_text()

    index = tmp_path / "index"
    done = run("build", corpus, "-o", index, *recipe, "--set", f"generator.model={tuned}", "--json")
    assert done.code == 0, done.err
    built = json.loads(done.out)
    assert built["documents"] == 24
    assert built["written"] == sum(built["rejected"].values()) + built["views"].get(
        "question", 0
    ) + built["views"].get("keywords", 0)
    found = run("search", index, "river mill", "--json")
    assert json.loads(found.out)["hits"]
