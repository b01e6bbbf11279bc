"""The files that an encoder is read from."""

import pytest

from corpus_tuner.encoders import EncoderSettings, embedded
from corpus_tuner.encoders.model_files import list_encoder_files


@pytest.mark.parametrize("encoder", embedded.NAMES)
def test_files_of_embedded_encoders(encoder: str) -> None:
    if not embedded.is_installed(encoder):
        pytest.skip("its package is not installed")
    files = list_encoder_files(EncoderSettings(name=encoder))
    assert {*files} == {*embedded.PACKAGES[encoder].files}


def test_models_of_the_hub_that_were_not_fetched_have_none() -> None:
    for name in ("no-such/model", "/no/such/folder/at/all"):
        assert list_encoder_files(EncoderSettings(name=name)) == {}
