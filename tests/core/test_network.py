"""Models that can be neither found nor fetched are refused at once."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus_tuner.core.network import reach_model
from corpus_tuner.encoders import EncoderSettings
from corpus_tuner.encoders.sentence_transformer import load_model as load_encoder
from corpus_tuner.errors import CorpusTunerError, OutOfReachError, SearchIndexError
from corpus_tuner.generation.models import load_model as load_generator


@pytest.fixture(params=["refuses", "is silent"])
def hub(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub that does not answer."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "is silent":
            server.listen(8)
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield


def test_a_misspelt_model_is_refused_within_three_seconds(hub: None) -> None:
    for kind in (SearchIndexError, CorpusTunerError):
        started = time.perf_counter()
        with pytest.raises(kind, match=r"no-such/model.*no answer"):
            if kind is SearchIndexError:
                load_encoder(EncoderSettings(name="no-such/model"))
            else:
                load_generator("no-such/model")
        assert time.perf_counter() - started < 3


def test_what_is_here_needs_no_network(hub: None, encoder_folder: Path) -> None:
    reach_model(str(encoder_folder))
    with pytest.raises(OutOfReachError, match="no answer"):
        reach_model("no-such/model")
