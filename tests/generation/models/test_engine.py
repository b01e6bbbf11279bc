"""Settings of generators with a language model."""

import pytest
from pydantic import ValidationError

from corpus_tuner.generation.models.engine import LanguageModelSettings


def _settings(**values: object) -> LanguageModelSettings:
    return LanguageModelSettings.model_validate({"name": "causal", "model": "m", **values})


@pytest.mark.parametrize(
    ("values", "width"),
    [
        ({"decoding": "sampling", "beams": 4}, 0),
        ({"decoding": "beam", "beams": 4, "outputs": 2}, 4),
        ({"decoding": "beam", "beams": 1, "outputs": 3}, 3),
    ],
)
def test_beams_are_at_least_as_many_as_outputs(values: dict[str, object], width: int) -> None:
    assert _settings(**values).beam_width == width


@pytest.mark.parametrize(
    "values",
    [{"kinds": ["title"]}, {"batch_size": 2}, {"device": "cuda"}, {"engine": "transformers"}],
)
def test_settings_that_change_no_text_are_not_in_the_identity(values: dict[str, object]) -> None:
    assert _settings(**values).identity == _settings().identity


@pytest.mark.parametrize(
    "values",
    [{"seed": 1}, {"outputs": 2}, {"temperature": 0.5}, {"model": "n"}, {"dtype": "float16"}],
)
def test_settings_that_decide_texts_are_in_the_identity(values: dict[str, object]) -> None:
    assert _settings(**values).identity != _settings().identity


@pytest.mark.parametrize("values", [{"top_p": 0}, {"top_p": 1.5}, {"outputs": 0}, {"beam": 3}])
def test_settings_out_of_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        _settings(**values)
