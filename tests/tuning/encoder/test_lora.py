"""LoRA of an encoder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.encoders.sentence_transformer import load_model
from corpus_tuner.tuning.encoder.lora import add_lora, merge_lora


@pytest.mark.slow
def test_small_matrices_are_merged_in(tune: Callable[..., Any], tmp_path: Path) -> None:
    done = tune(tmp_path / "tuned", method="lora", negatives=0, distillation=0)
    assert done.code == 0, done.err
    open_encoder(EncoderSettings(name=str(tmp_path / "tuned")))


def test_merged_matrices_change_no_vector(encoder_folder: Path) -> None:
    model = load_model(EncoderSettings(name=str(encoder_folder)))
    names = set(model.state_dict())
    add_lora(model, rank=2)
    trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
    assert trained and all("lora_" in name for name in trained)
    torch.manual_seed(0)
    for name, weight in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.3)
    before = model.encode("the river mill")
    merge_lora(model)
    np.testing.assert_allclose(model.encode("the river mill"), before, atol=1e-5)
    assert set(model.state_dict()) == names
