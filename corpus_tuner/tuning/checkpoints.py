"""Checkpoints: all that a training needs to go on, in one folder that is whole or not there.

Tensors are stored as safetensors and the rest as JSON: nothing that is read back can run code.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file

_TENSORS = "tensors.safetensors"
_STATE = "state.json"


class Checkpoint(NamedTuple):
    """The state of a training.

    Attributes
    ----------
    tensors
        Weights, the optimizer's moments and the random state, by name.
    state
        What JSON can hold: step, curve, key.
    """

    tensors: dict[str, torch.Tensor]
    state: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint instead of the one before; a kill leaves one of them."""
    new = folder.with_name(f"{folder.name}.new")
    old = folder.with_name(f"{folder.name}.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir(parents=True)
    save_file(dict(checkpoint.tensors), new / _TENSORS)
    (new / _STATE).write_text(json.dumps(checkpoint.state), encoding="utf-8")
    for file in (new / _TENSORS, new / _STATE):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Read the checkpoint that `save_checkpoint` wrote last, if there is one."""
    # Killed between the two renames, the new one is complete: the old one was moved only then.
    new = folder.with_name(f"{folder.name}.new")
    old = folder.with_name(f"{folder.name}.old")
    if not folder.exists():
        if not old.exists():
            return None
        (new if new.exists() else old).rename(folder)
    state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    return Checkpoint(load_file(folder / _TENSORS), state)


def named_moments(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> dict[str, Any]:
    """Return the optimizer's tensors by name; `names` are its parameters', in order."""
    state = optimizer.state_dict()["state"]
    return {
        f"{moment}/{names[number]}": value
        for number, own in state.items()
        for moment, value in own.items()
    }


def restore_moments(
    optimizer: torch.optim.Optimizer, names: Mapping[int, str], tensors: Mapping[str, Any]
) -> None:
    """Give the optimizer back what `named_moments` returned."""
    numbers = {name: number for number, name in names.items()}
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        moment, _, name = key.partition("/")
        if name in numbers and moment in ("step", "exp_avg", "exp_avg_sq"):
            state.setdefault(numbers[name], {})[moment] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
