"""The arithmetic of training: in bfloat16 where that is fast; weights and losses stay float32."""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

from corpus_tuner.encoders.model_weights import has_fast_bfloat16


def arithmetic(
    device: torch.device, dtype: Literal["auto", "float32", "bfloat16"]
) -> AbstractContextManager[object]:
    """Return the context in which a model is run."""
    if dtype == "float32" or (dtype == "auto" and not has_fast_bfloat16(device)):
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)
