"""Documents as the encoder reads them: passages once, spans pooled from the best one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.text.document_encoding import DocumentEncoder
from corpus_tuner.text.passages import PassageSettings, get_full_text, split_passages
from corpus_tuner.text.views import ViewSettings, make_own_views
from tests.conftest import WORDS

LONG = Document("l", "Mills", "The farmer brings wheat to the mill. The river turns it. " * 6)
SHORT = Document("s", "", "A judge lowers the rent.")


def reader(encoder: Any, *, late_chunking: bool = True) -> DocumentEncoder:
    return DocumentEncoder(
        encoder, Languages(("en",)), PassageSettings(), ViewSettings(late_chunking=late_chunking)
    )


def test_a_document_of_one_passage(encoder: Any) -> None:
    (reading,) = reader(encoder).encode([SHORT], [[(0, 7), (8, 23)]])
    ((passage, *spans),) = encoder.encode_spans([SHORT.text], [[(0, 7), (8, 23)]])
    assert [view.text for view in reading.passages] == [SHORT.text]
    assert np.array_equal(reading.vectors, [passage])
    assert np.array_equal(reading.get_vectors([(8, 23), (0, 7)]), spans[::-1])
    assert reading.get_vectors([]).shape == (0, 32)
    both = reading.combine_vectors([(0, 7), (8, 23)])
    assert np.linalg.norm(both) == pytest.approx(1)
    assert both @ spans[0] == pytest.approx(both @ spans[1], abs=1e-5)


def test_a_span_is_read_where_most_stands_around_it(encoder: Any) -> None:
    whole = get_full_text(LONG)
    (passages,) = split_passages([LONG], Languages(("en",)), encoder, PassageSettings())
    assert len(passages) > 1
    spans = [span for _, span in make_own_views(LONG, "en", ViewSettings(min_words=1))]
    last = (whole.rindex("The river"), len(whole))
    (reading,) = reader(encoder).encode([LONG], [[*spans, last]])
    at = passages[-1].locate(last)
    assert passages[-1].text[slice(*at)] == "The river turns it."
    ((_, expected),) = encoder.encode_spans([passages[-1].text], [[at]])
    np.testing.assert_allclose(reading.spans[last], expected, atol=1e-6)
    # The title stands before every window, but it is read where the document begins.
    ((_, title),) = encoder.encode_spans([passages[0].text], [[(0, 5)]])
    np.testing.assert_allclose(reading.spans[(0, 5)], title, atol=1e-6)


def test_alone_every_span_is_a_text(encoder: Any) -> None:
    (reading,) = reader(encoder, late_chunking=False).encode([LONG], [[(0, 5)]])
    np.testing.assert_allclose(
        reading.get_vectors([(0, 5)]), encoder.encode_documents(["Mills"]), atol=1e-6
    )


def test_an_encoder_that_pools_no_spans_reads_them_alone(encoder: Any) -> None:
    class Other:
        pools_spans = False
        max_tokens = encoder.max_tokens
        count_tokens, find_token_ends = encoder.count_tokens, encoder.find_token_ends
        encode_documents = encoder.encode_documents

    other: Any = Other()
    (reading,) = reader(other).encode([SHORT], [[(0, 7)]])
    assert not reader(other).late_chunking
    np.testing.assert_allclose(
        reading.get_vectors([(0, 7)]), encoder.encode_documents(["A judge"]), atol=1e-6
    )


@given(
    st.lists(st.lists(st.sampled_from([*WORDS, "Mill.", "Rent!"]), max_size=90), max_size=4),
    st.booleans(),
)
@settings(deadline=None, max_examples=25)
def test_a_document_by_itself(encoder: Any, texts: list[list[str]], late: bool) -> None:
    documents = [Document(str(n), "T", " ".join(words)) for n, words in enumerate(texts)]
    spans = [[span for _, span in make_own_views(one, "en", ViewSettings())] for one in documents]
    together = reader(encoder, late_chunking=late).encode(documents, spans)
    for document, own, reading in zip(documents, spans, together, strict=True):
        (alone,) = reader(encoder, late_chunking=late).encode([document], [own])
        np.testing.assert_allclose(reading.vectors, alone.vectors, atol=1e-6)
        np.testing.assert_allclose(reading.get_vectors(own), alone.get_vectors(own), atol=1e-6)
