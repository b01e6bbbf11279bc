"""Fine-tuning of a generator on pairs."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tuning.generator.conftest import FAST


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("bart_folder", []),
        ("t5_folder", []),
        ("t5_folder", ["--set", "lora_rank=16"]),
        ("llama_folder", []),
        ("llama_folder", ["--set", "lora_rank=16"]),
    ],
)
def test_a_tuned_model_has_learnt(
    model: str,
    options: list[str],
    request: pytest.FixtureRequest,
    run: Callable[..., Any],
    pairs: Path,
    tmp_path: Path,
) -> None:
    from corpus_tuner.generation.models.open_model import load_base

    base = request.getfixturevalue(model)
    output = tmp_path / "tuned"
    command = ["tune", "generator", "--base", base, "-o", output, "--pairs", pairs, *FAST, *options]
    done = run(*command, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    rows = [json.loads(line) for line in (output / "curve.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 25))
    looks = [row for row in rows if "eval_loss" in row]
    assert [look["step"] for look in looks] == [5, 10, 15, 20, 24]
    assert looks[-1]["eval_loss"] < looks[0]["eval_loss"]
    assert report["pairs"] == {"keywords-en": 54, "title-en": 54}
    assert set(report["test_rouge_l"]) == {"keywords-en", "title-en"}
    card = (output / "README.md").read_text()
    assert "pairs.jsonl" in card and "| title-en | 54 |" in card
    tuned, before = (load_base(str(folder))[0].state_dict() for folder in (output, base))
    assert tuned.keys() == before.keys()
    changed = {name for name in tuned if not torch.equal(tuned[name], before[name])}
    norms_and_tables = re.compile("norm|embed|shared|head|relative")
    layers = {
        name for name in tuned if name.endswith("weight") and not norms_and_tables.search(name)
    }
    if options and model == "llama_folder":  # adapters of the last of two layers
        layers = {name for name in layers if "layers.1." in name}
    assert layers <= changed
    if options:
        assert changed == layers
    assert (output / "adapter" / "adapter_model.safetensors").is_file() == bool(options)
    again = run(*command, "--json")
    assert json.loads(again.out) == report
    assert "another tuning" in run(*command, "--set", "seed=3").err
