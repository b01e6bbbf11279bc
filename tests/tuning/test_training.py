"""What the trainings of encoders and generators share."""

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from transformers.trainer_callback import TrainerState

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.tuning.training import (
    find_checkpoint,
    list_arguments,
    make_optimizer,
    use_precision,
)


def test_the_last_complete_checkpoint_is_found(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path / "none") is None
    for step in (2, 8, 10):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        TrainerState(global_step=step).save_to_json(str(folder / "trainer_state.json"))
    (tmp_path / "checkpoint-12").mkdir()  # it has no state yet
    found = find_checkpoint(tmp_path)
    assert found is not None
    assert (found[0], found[1].global_step) == (str(tmp_path / "checkpoint-10"), 10)
    (tmp_path / "checkpoint-10" / "trainer_state.json").write_text('{"best', encoding="utf-8")
    found = find_checkpoint(tmp_path)
    assert found is not None and found[1].global_step == 8


def test_only_weights_that_require_gradients_are_trained() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    model[0].requires_grad_(False)
    settings = EncoderTuningSettings(learning_rate=0.25)
    (group,) = make_optimizer(model, settings).param_groups
    assert [weight.shape for weight in group["params"]] == [(1, 2), (1,)]
    assert group["lr"] == 0.25


def test_every_evaluation_is_a_checkpoint(tmp_path: Path) -> None:
    class Model:
        device = torch.device("cpu")

    arguments = list_arguments(Model(), tmp_path, 30, 10, EncoderTuningSettings(seed=4))
    assert arguments["max_steps"] == 30
    assert arguments["eval_steps"] == arguments["save_steps"] == 10
    assert arguments["use_cpu"] and arguments["seed"] == 4


@pytest.mark.parametrize(("fast", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_bfloat16_is_chosen_where_it_is_fast(
    fast: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus_tuner.tuning.training.has_fast_bfloat16", lambda device: fast)
    cpu, matrix = torch.device("cpu"), torch.eye(2)
    with use_precision(cpu, "auto"):
        assert (matrix @ matrix).dtype == dtype
    with use_precision(cpu, "bfloat16"):
        assert (matrix @ matrix).dtype == torch.bfloat16
    assert isinstance(use_precision(cpu, "float32"), nullcontext)
