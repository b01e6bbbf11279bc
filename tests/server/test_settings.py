"""Settings of the service."""

import pytest
from pydantic import ValidationError

from corpus_tuner.server.settings import ServerSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_waiting", 0),
        ("timeout", 0),
        ("refresh", -1),
        ("max_connections", 0),
        ("client_timeout", -0.5),
        ("port", 80),
    ],
)
def test_values_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValidationError, match=name):
        ServerSettings.model_validate({name: value})


def test_an_index_need_not_be_reloaded() -> None:
    assert ServerSettings(refresh=0).refresh == 0
