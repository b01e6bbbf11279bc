"""Encoders by their settings: with and without PyTorch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.encoders import EncoderSettings, open_encoder
from tests.conftest import make_documents, write_jsonl
from tests.encoders.conftest import QUERIES, TEXTS, encode_by_library


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path / "file"))
    vectors = open_encoder(EncoderSettings(name=str(encoder_folder))).encode_queries(QUERIES)
    np.testing.assert_allclose(vectors, encode_by_library(encoder_folder), atol=1e-5)


def test_searching_loads_no_pytorch(tmp_path: Path, encoder_folder: Path) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(20))
    chosen = [f"encoder.name={encoder_folder}", "generator=null", "language=en"]
    build(corpus, tmp_path / "i", load_recipe(None, chosen))
    with Searcher.open(tmp_path / "i") as searcher:
        (expected,) = searcher.rank(["the mill"], 3)
    program = (
        "import sys\n"
        "from corpus_tuner import Searcher\n"
        "with Searcher.open(sys.argv[1]) as searcher:\n"
        "    print(*searcher.rank(['the mill'], 3))\n"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "i")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True)
    assert printed.stdout.strip() == str(expected)


def test_t5_as_an_encoder(t5_folder: Path) -> None:
    encoder = open_encoder(EncoderSettings(name=str(t5_folder), max_tokens=48))
    assert encoder.encode_documents(TEXTS).shape == (40, 32)


@pytest.mark.slow
def test_the_embedded_encoder() -> None:
    encoder = open_encoder()
    near, far = encoder.encode_documents(["A cat sleeps on the sofa.", "Interest rates went up."])
    query = encoder.encode_queries(["my kitten is napping on the couch"])[0]
    assert query @ near > 0.4 > 0.2 > query @ far
    assert (encoder.dimension, encoder.max_tokens) == (384, 254)
