"""Training of a generator, and resuming it."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.core.documents import Document
from corpus_tuner.generation.models.open_model import load_base
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.tuning.generator.pairs import Pair
from corpus_tuner.tuning.generator.training import AnswerCollator, tokenize
from tests.fault_injection import start_command, wait_for_exit
from tests.tuning.generator.conftest import FAST

STATES = "checkpoint/checkpoint-*/trainer_state.json"


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bart_folder", "llama_folder"])
def test_a_killed_tuning_goes_on_along_the_same_curve(
    model: str, request: pytest.FixtureRequest, pairs: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    base = request.getfixturevalue(model)
    command = ["tune", "generator", "--base", base, "--pairs", pairs, *FAST]
    command += ["--set", "steps=60"]
    assert wait_for_exit(start_command(*command, "-o", whole)) == 0
    process = start_command(*command, "-o", killed)
    while not list(killed.glob(STATES)) and process.is_alive():
        time.sleep(0.01)
    process.kill()
    assert wait_for_exit(process) == -signal.SIGKILL
    assert not (killed / "model.safetensors").exists()
    assert wait_for_exit(start_command(*command, "-o", killed)) == 0
    assert (killed / "curve.jsonl").read_bytes() == (whole / "curve.jsonl").read_bytes()
    weights = [(folder / "model.safetensors").read_bytes() for folder in (whole, killed)]
    assert weights[0] == weights[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ["steps=18"],  # the last evaluation is sooner after the one before
        ["lora_rank=16"],
    ],
)
@pytest.mark.parametrize("model", ["t5_folder", "llama_folder"])
def test_a_tuning_killed_near_its_end_gives_the_same(
    model: str,
    options: list[str],
    request: pytest.FixtureRequest,
    run: Callable[..., Any],
    pairs: Path,
    tmp_path: Path,
) -> None:
    output, base = tmp_path / "tuned", request.getfixturevalue(model)
    command = ["tune", "generator", "--base", base, "-o", output, "--pairs", pairs, *FAST]
    command += [word for option in options for word in ("--set", option)]

    def files() -> list[bytes]:
        assert run(*command).code == 0
        return [(output / name).read_bytes() for name in ("curve.jsonl", "model.safetensors")]

    whole = files()
    for written in ('{"best_metric": ', None):  # half a state, then killed while measuring
        (output / "tuning.json").unlink()
        (output / "model.safetensors").unlink()
        if written:
            last = max(output.glob(STATES), key=lambda file: int(file.parent.name.split("-")[1]))
            last.write_text(written, encoding="utf-8")
        assert files() == whole


@pytest.mark.slow
def test_a_checkpoint_of_another_training_is_refused(
    run: Callable[..., Any], t5_folder: Path, pairs: Path, tmp_path: Path
) -> None:
    command = ["tune", "generator", "--base", t5_folder, "-o", tmp_path, "--pairs", pairs, *FAST]
    assert run(*command).code == 0
    (tmp_path / "tuning.json").unlink()
    other = run(*command, "--set", "seed=3")
    assert other.code == 2 and "another tuning" in other.err
    assert run(*command).code == 0


def test_pairs_are_tokenized_up_to_the_lengths_of_the_settings(tokenizer: Any) -> None:
    instruction = Instruction("title", "en", "mill: {text}")
    pair = Pair(Document("", "", "river " * 20), instruction, "wheat " * 20)
    settings = GeneratorTuningSettings(max_source_tokens=9, max_target_tokens=5)
    (example,) = tokenize([pair], tokenizer, settings, causal=False)
    assert (len(example["input_ids"]), len(example["labels"])) == (9, 5)
    whole = tokenizer("mill: " + "river " * 20)["input_ids"]
    assert example["input_ids"][:-1] == whole[:8]


def test_only_answers_have_a_loss(llama_folder: Path) -> None:
    model, tokenizer = load_base(str(llama_folder))
    instruction = Instruction("title", "en", "mill: {text}", "Be brief.")
    pairs = [
        Pair(Document("", "", text), instruction, target)
        for text, target in (("river wheat barley", "wheat"), ("stone", "mill stone river"))
    ]
    examples = tokenize(pairs, tokenizer, GeneratorTuningSettings(), causal=True)
    batch = AnswerCollator(tokenizer.pad_token_id)(examples)
    with torch.inference_mode():
        losses = []
        for example in examples:  # one by one, of every token of the answer
            prompt, answer = example["input_ids"], example["labels"]
            assert tokenizer.decode(answer[:-1]) in ("wheat", "mill stone river")
            assert answer[-1] == tokenizer.eos_token_id
            logits = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
            losses += [
                -float(logits[position - 1, token])
                for position, token in enumerate(answer, len(prompt))
            ]
        assert float(model(**batch).loss) == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_long_pairs_of_a_conversation_are_cut_to_the_lengths_of_the_settings(
    llama_folder: Path,
) -> None:
    _, tokenizer = load_base(str(llama_folder))
    pair = Pair(Document("", "", "river " * 90), Instruction("title", "en", "{text}"), "a " * 90)
    settings = GeneratorTuningSettings(max_source_tokens=20, max_target_tokens=5)
    (example,) = tokenize([pair], tokenizer, settings, causal=True)
    assert len(example["input_ids"]) <= 22
    assert len(example["labels"]) == 5 and example["labels"][-1] == tokenizer.eos_token_id
