"""Training by transformers: what encoder and generator share, and resuming from checkpoints.

The library writes the files of a checkpoint one after the other, the state last, so a checkpoint is
complete if its state can be read. It does not sync them: they outlive the process, but perhaps not
a loss of power. Moments, schedule and random state are files of `torch.save`, which it reads with
``weights_only=True``: that builds tensors and numbers and runs no code.
"""

from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from transformers.trainer_callback import TrainerState

from corpus_tuner.encoders.model_weights import has_fast_bfloat16

CHECKPOINTS = "checkpoint"
"""Folder of checkpoints in that of the model."""


class _TrainingSettings(Protocol):
    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def clip(self) -> float: ...
    @property
    def seed(self) -> int: ...


def make_optimizer(model: torch.nn.Module, settings: _TrainingSettings) -> torch.optim.AdamW:
    """Return an optimizer of the weights that are trained."""
    return torch.optim.AdamW(
        [weight for weight in model.parameters() if weight.requires_grad],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
    )


def list_arguments(
    model: Any, folder: Path, steps: int, evaluate_every: int, settings: _TrainingSettings
) -> dict[str, Any]:
    """Return arguments of a trainer: every evaluation is a checkpoint, and nothing is printed."""
    return {
        "output_dir": str(folder),
        "max_steps": steps,
        "max_grad_norm": settings.clip,
        "eval_strategy": "steps",
        "eval_steps": evaluate_every,
        "save_steps": evaluate_every,
        "save_total_limit": 2,  # the last and the best
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "log_level": "error",
        "disable_tqdm": True,
        "report_to": [],
        "use_cpu": model.device.type == "cpu",
        "seed": settings.seed,
    }


def find_checkpoint(folder: Path) -> tuple[str, TrainerState] | None:
    """Return the last complete checkpoint in a folder, and its state."""
    states = folder.glob("checkpoint-*/trainer_state.json")
    for state in sorted(states, key=lambda file: int(file.parent.name[11:]), reverse=True):
        with suppress(ValueError):  # half a file of an interrupted process
            return str(state.parent), TrainerState.load_from_json(str(state))
    return None


def use_precision(
    device: torch.device, dtype: Literal["auto", "float32", "bfloat16"]
) -> AbstractContextManager[object]:
    """Return the context of forward passes: bfloat16 where it is fast; weights stay float32."""
    if dtype == "float32" or (dtype == "auto" and not has_fast_bfloat16(device)):
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)
