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
    index, tuned = tmp_path / "index", tmp_path / "index.generator"
    rounds = [*FAST, "--set", "rounds=2"]
    if family == "t5":
        done = run("tune", "generator", corpus, "--base", base, "-o", tuned, *recipe, *rounds)
        assert done.code == 0, done.err
        recipe += ["--set", f"generator.model={tuned}"]
    else:
        recipe += ["--tune-generator"]
    done = run("build", corpus, "-o", index, *recipe, *(rounds * (family != "t5")), "--json")
    assert done.code == 0, done.err
    built = json.loads(done.out)
    report = json.loads((tuned / "tuning.json").read_text(encoding="utf-8"))
    kinds = {"keywords-en", "question-en"} | ({"summary-en"} if family == "llama" else set())
    assert set(report["pairs"]) == kinds
    assert (tuned / "round-1" / "model.safetensors").is_file()
    assert "that `" in (tuned / "README.md").read_text()
    assert built["documents"] == 24
    accepted = sum(built["views"].get(kind, 0) for kind in ("question", "keywords", "summary"))
    assert built["written"] == sum(built["rejected"].values()) + accepted
    found = run("search", index, "river mill", "--json")
    assert json.loads(found.out)["hits"]
    again = run("build", corpus, "-o", index, *recipe, "--json")
    assert json.loads(again.out)["changes"]["unchanged"] == 24  # the tuned generator is used again


def test_what_cannot_be_tuned_is_said_before_anything_is_done(
    run: Callable[..., Any], bart_folder: Path, pairs: Path, small: list[str], tmp_path: Path
) -> None:
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_documents(3))
    build = ("build", corpus, "-o", tmp_path / "index", "--tune-generator", *small)
    endpoint = "generator={name: endpoint, model: m}"
    failed = run(*build, "--set", endpoint)
    assert failed.code == 2
    said = " ".join(failed.err.split())
    assert "(its generators: endpoint): set generator=causal, or seq2seq. A model behind" in said
    assert "generators: none): set generator=causal" in " ".join(run(*build).err.split())
    tune = ("tune", "generator", corpus, "--base", bart_folder, "-o", tmp_path / "tuned")
    assert "behind an address" in run(*tune, "--set", endpoint).err
    other = tmp_path / "index.generator"
    assert run("tune", "generator", "--base", bart_folder, "-o", other, "--pairs", pairs, *FAST)
    seq2seq = "generator={name: seq2seq, model: elsewhere}"
    said = " ".join(run(*build, "--set", seq2seq).err.split())
    assert f"was tuned from '{bart_folder}' and not from 'elsewhere'" in said
    assert not (tmp_path / "tuned").exists()
    assert not (tmp_path / "index").exists()
