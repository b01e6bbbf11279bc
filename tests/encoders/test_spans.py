"""Spans: vectors of parts of a text, from the reading of the whole."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from corpus_tuner import SearchIndexError
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.encoders.spans import pool_spans
from tests.encoders.conftest import make_model

TEXT = "The mill stands by the river. A farmer brings wheat."
SPANS = [(0, 8), (30, 52), (4, 5), (29, 30), (0, 52)]


def expected(folder: Path, text: str, span: tuple[int, int]) -> Any:
    """Return the mean of the states that transformers gives, as a unit vector."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        states = AutoModel.from_pretrained(folder)(**encoded).last_hidden_state[0]
    inside = [n for n, (start, end) in enumerate(offsets) if start < span[1] and end > span[0]]
    vector = states[[n for n in inside if offsets[n][0] < offsets[n][1]]].mean(axis=0).numpy()
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("dtype", ["float32", "int8", "bfloat16"])
@pytest.mark.parametrize("prompt", ["", "mill: "])
def test_a_span_has_the_mean_of_its_tokens(
    encoder_folder: Path, dtype: Literal["float32", "int8", "bfloat16"], prompt: str
) -> None:
    settings = EncoderSettings(name=str(encoder_folder), dtype=dtype, document_prompt=prompt)
    encoder = open_encoder(settings)
    texts = [TEXT, "wheat", TEXT]
    first, second, third = encoder.encode_spans(texts, [SPANS, [], SPANS[:1]])
    assert (first.shape, second.shape, third.shape) == ((6, 32), (1, 32), (2, 32))
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=1e-6)
    tolerance = {"float32": 1e-5, "bfloat16": 0.05, "int8": 0.05}[dtype]
    own = encoder.encode_documents(texts)
    np.testing.assert_allclose([first[0], second[0], third[0]], own, atol=1e-6)
    moved = [(start + len(prompt), end + len(prompt)) for start, end in SPANS]
    for row, span in zip(first[1:3], moved, strict=False):
        np.testing.assert_allclose(
            row, expected(encoder_folder, prompt + TEXT, span), atol=tolerance
        )
    np.testing.assert_allclose(first[1], third[1], atol=1e-6)
    assert first[3] @ first[1] > 0.5  # one token of two
    # White space has no token, so it has the mean of all.
    np.testing.assert_allclose(first[4], first[5], atol=0.5)


def test_what_lies_behind_the_limit_has_the_mean_of_what_is_read(encoder: Any) -> None:
    long = "The mill grinds wheat. " * 40
    ((own, behind, whole),) = encoder.encode_spans([long], [[(800, 810), (0, len(long))]])
    np.testing.assert_allclose(behind, whole, atol=1e-6)
    assert own @ whole > 0.9


def test_encoders_that_pool_otherwise_say_so(tmp_path: Path, tokenizer: Any) -> None:
    encoder = open_encoder(
        EncoderSettings(name=str(make_model(tmp_path, tokenizer, "Bert", "cls")))
    )
    assert not encoder.pools_spans
    with pytest.raises(SearchIndexError, match="pools no spans"):
        encoder.encode_spans([TEXT], [SPANS])


@pytest.mark.parametrize("dtype", ["float32", "int8", "bfloat16"])
def test_no_texts(encoder_folder: Path, dtype: Literal["float32", "int8", "bfloat16"]) -> None:
    encoder = open_encoder(EncoderSettings(name=str(encoder_folder), dtype=dtype))
    assert encoder.encode_spans([], []) == []
    assert encoder.encode_documents([]).shape == (0, 32)
    ((own,),) = encoder.encode_spans([""], [[]])
    assert own.shape == (32,)


def test_marks_are_in_no_span() -> None:
    states = np.array([[5, 5], [1, 0], [5, 5]], np.float32)
    offsets = [(0, 0), (0, 4), (0, 0)]
    assert pool_spans(states, offsets, [(0, 4), (2, 9)]).tolist() == [[1, 0], [1, 0]]
    assert pool_spans(states, offsets, []).shape == (0, 2)
