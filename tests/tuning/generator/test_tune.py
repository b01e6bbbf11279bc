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
@pytest.mark.parametrize("family", ["t5", "llama"])
def test_the_papers_recipe_runs_through_every_stage(
    family: str,
    request: pytest.FixtureRequest,
    encoder_folder: Path,
    tmp_path: Path,
    run: Callable[..., Any],
) -> None:
    """Random models stand for those of the recipe, and for FLAN-T5, which is the encoder, too."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_documents(24))
    base = request.getfixturevalue(f"{family}_folder")
    seq2seq = f"generator={{name: seq2seq, model: {base}, kinds: [question, keywords], outputs: 3}}"
    values = [
        seq2seq if family == "t5" else f"generator.model={base}",
        f"encoder.name={base if family == 't5' else encoder_folder}",
        *("generator.max_new_tokens=6", "encoder.max_tokens=64", "checks=[duplicate]"),
    ]
    recipe = ["--config", "configs/paper.yaml"]
    recipe += [word for value in values for word in ("--set", value)]
    tuned = tmp_path / "tuned"
    command = ["tune", "generator", corpus, "--base", base, "-o", tuned, *recipe, *FAST]
    done = run(*command, "--set", "rounds=2", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    kinds = {"keywords-en", "question-en"} | ({"summary-en"} if family == "llama" else set())
    assert set(report["pairs"]) == kinds
    assert (tuned / "round-1" / "model.safetensors").is_file()
    assert "that `" in (tuned / "README.md").read_text()

    index = tmp_path / "index"
    done = run("build", corpus, "-o", index, *recipe, "--set", f"generator.model={tuned}", "--json")
    assert done.code == 0, done.err
    built = json.loads(done.out)
    assert built["documents"] == 24
    accepted = sum(built["views"].get(kind, 0) for kind in ("question", "keywords", "summary"))
    assert built["written"] == sum(built["rejected"].values()) + accepted
    found = run("search", index, "river mill", "--json")
    assert json.loads(found.out)["hits"]
