"""Settings of fine-tuning an encoder."""

from typing import Any

import pytest
from pydantic import ValidationError

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({}, True),
        ({"steps": 0}, False),
        ({"steps": 5}, True),
        ({"distillation": 0}, False),
        ({"distillation": 0, "negatives": 1}, True),
        ({"distillation": 0, "negatives": 1, "steps": 0}, False),
    ],
)
def test_a_teacher_is_needed_for_negatives_and_distillation(
    values: dict[str, Any], needed: bool
) -> None:
    assert EncoderTuningSettings(**values).needs_teacher == needed


@pytest.mark.parametrize(
    "values", [{"minutes": 0}, {"steps": -1}, {"memory": -0.1}, {"method": "half"}, {"scale": 3}]
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(values))):
        EncoderTuningSettings(**values)
