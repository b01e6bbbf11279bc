"""Training of a generator, and resuming it."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from tests.fault_injection import start_command, wait_for_exit
from tests.tuning.generator.conftest import FAST

STATES = "checkpoint/*/checkpoint-*/trainer_state.json"


@pytest.mark.slow
def test_a_killed_tuning_goes_on_along_the_same_curve(
    bart_folder: Path, pairs: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    command = ["tune", "generator", "--base", bart_folder, "--pairs", pairs, *FAST]
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
        ["steps=20"],  # the last look is not a multiple of `evaluate_every`
        ["learning_rate=0.2", "warmup=0", "patience=1"],  # stops early
        ["method=lora"],
    ],
)
def test_a_tuning_killed_near_its_end_gives_the_same(
    options: list[str], run: Callable[..., Any], t5_folder: Path, pairs: Path, tmp_path: Path
) -> None:
    output = tmp_path / "tuned"
    command = ["tune", "generator", "--base", t5_folder, "-o", output, "--pairs", pairs, *FAST]
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
def test_a_training_can_be_lengthened(
    run: Callable[..., Any],
    t5_folder: Path,
    pairs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = ["tune", "generator", "--base", t5_folder, "--pairs", pairs, *FAST]
    monkeypatch.setattr(GeneratorTuningSettings, "cooldown", 0.0)
    for steps, folder in ((12, "long"), (24, "long"), (24, "whole")):
        done = run(*command, "-o", tmp_path / folder, "--set", f"steps={steps}")
        assert done.code == 0, done.err
    for name in ("curve.jsonl", "model.safetensors"):
        assert (tmp_path / "long" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.slow
def test_a_checkpoint_of_another_training_is_refused(
    run: Callable[..., Any], t5_folder: Path, pairs: Path, tmp_path: Path
) -> None:
    command = ["tune", "generator", "--base", t5_folder, "-o", tmp_path, "--pairs", pairs, *FAST]
    assert run(*command).code == 0
    (tmp_path / "tuning.json").unlink()
    other = run(*command, "--set", "seed=3")
    assert other.code == 2 and "another training" in other.err
    assert run(*command).code == 0
