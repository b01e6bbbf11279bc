"""Hashes of model weights, and errors of loading models."""

from pickle import UnpicklingError

import pytest
import torch
from safetensors import SafetensorError

from corpus_tuner.encoders.model_weights import (
    describe_loading_error,
    has_fast_bfloat16,
    hash_weights,
    is_loading_error,
)


def test_a_hash_depends_on_names_shapes_types_and_values() -> None:
    def make_layer(
        columns: int, rows: int, value: float = 1, bias: bool = False
    ) -> torch.nn.Linear:
        layer = torch.nn.Linear(columns, rows, bias=bias)
        torch.nn.init.constant_(layer.weight, value)
        return layer

    usual = hash_weights(make_layer(2, 3))
    assert usual == hash_weights(make_layer(2, 3))
    others: list[torch.nn.Module] = [
        make_layer(2, 3, value=0),
        make_layer(3, 2),
        make_layer(2, 3, bias=True),
        make_layer(2, 3).to(torch.float16),
        torch.nn.Sequential(make_layer(2, 3)),
    ]
    assert len({usual, *map(hash_weights, others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("no such model\nat all"), "no such model"),
        (ValueError(""), "damaged or of another kind"),
        (KeyError("model_type"), "damaged or of another kind (KeyError('model_type'))"),
        (UnpicklingError("os.system"), "its weights are pickled"),
        (SafetensorError("header too large"), "damaged or of another kind"),
        (Exception("a tokenizer of another version"), "damaged or of another kind"),
    ],
)
def test_an_error_of_loading_is_described_on_one_line(error: Exception, said: str) -> None:
    assert is_loading_error(error)
    described = describe_loading_error(error)
    assert said in described
    assert "\n" not in described


@pytest.mark.parametrize("error", [TypeError("x"), ZeroDivisionError(), AttributeError("x")])
def test_a_fault_of_a_program_is_none_of_loading(error: Exception) -> None:
    assert not is_loading_error(error)


def test_devices_other_than_processors_and_cuda_have_no_fast_bfloat16() -> None:
    assert not has_fast_bfloat16(torch.device("meta"))
    assert isinstance(has_fast_bfloat16(torch.device("cpu")), bool)
