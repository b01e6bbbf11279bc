"""Settings of fine-tuning an encoder."""

from typing import Any

import pytest
from pydantic import ValidationError

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings


@pytest.mark.parametrize(
    "values", [{"minutes": 0}, {"steps": -1}, {"token_weights": "tf"}, {"scale": 3}]
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(values))):
        EncoderTuningSettings(**values)
