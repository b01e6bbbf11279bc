"""What the trainings of encoders and generators share."""

from pathlib import Path

import pytest
import torch
from transformers.trainer_callback import TrainerState

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.tuning.training import find_checkpoint, list_arguments, uses_bfloat16


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


class Model:
    def __init__(self, device: str) -> None:
        self.device = torch.device(device)


def test_every_evaluation_is_a_checkpoint(tmp_path: Path) -> None:
    settings = EncoderTuningSettings(seed=4)
    arguments = list_arguments(Model("cpu"), tmp_path, 30, settings)
    assert (arguments["max_steps"], arguments["warmup_steps"]) == (30, 3)
    assert arguments["eval_steps"] == arguments["save_steps"] == 8
    assert arguments["use_cpu"] and arguments["seed"] == 4
    with pytest.raises(CorpusTunerError, match="CUDA_VISIBLE_DEVICES"):
        list_arguments(Model("cuda:1"), tmp_path, 30, settings)


@pytest.mark.parametrize("fast", [True, False])
def test_bfloat16_is_chosen_where_it_is_fast(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus_tuner.tuning.training.has_fast_bfloat16", lambda device: fast)
    cpu = torch.device("cpu")
    found = [uses_bfloat16(cpu, dtype) for dtype in ("auto", "bfloat16", "float32")]
    assert found == [fast, True, False]
