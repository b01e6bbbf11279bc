"""Settings of fine-tuning a generator."""

from typing import Any

import pytest
from pydantic import ValidationError

from corpus_tuner.config.generator_tuning import MOST_PASSES, GeneratorTuningSettings


@pytest.mark.parametrize(
    "values",
    [{"rounds": 0}, {"steps": 0}, {"learning_rate": 0}, {"lora_rank": 0}, {"batch": 3}],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(values))):
        GeneratorTuningSettings(**values)


def test_settings_do_not_change() -> None:
    settings = GeneratorTuningSettings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.steps = 3  # type: ignore[misc]


def test_few_pairs_are_trained_on_for_few_steps() -> None:
    settings = GeneratorTuningSettings(batch_size=8)
    assert settings.limit_steps(10**6) is settings
    few = settings.limit_steps(80)
    assert few.steps * 8 <= MOST_PASSES * 80
    assert settings.limit_steps(1).steps >= 1
