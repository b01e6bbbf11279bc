"""Copies with small changes are near-duplicates, other documents are not."""

import random
import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Corpus, sample_folder
from corpus_tuner.text.near_duplicates import (
    LEAST_SIMILARITY,
    SIGNATURE_BYTES,
    compute_signature,
    find_near_duplicates,
)

TEXT = st.lists(st.text("abcdeß äöÉ漢字かな,.;", min_size=1, max_size=9), max_size=30).map(" ".join)


def similarity(one: str, other: str) -> float:
    return float((compute_signature(one) == compute_signature(other)).mean())


def are_near(one: str, other: str) -> bool:
    signatures = np.stack([compute_signature(one), compute_signature(other)])
    return bool(find_near_duplicates(signatures[:1], signatures[1:])[0, 0])


def read_sample(language: str) -> list[str]:
    return [document.text for document in Corpus(sample_folder(language))]


@given(TEXT, st.sampled_from([" ", "\n\n", " \t\u00a0 "]))
def test_case_and_white_space_do_not_matter(text: str, space: str) -> None:
    changed = re.sub(r"\s+", space, text).upper()
    assert (compute_signature(changed) == compute_signature(text)).all()


@given(common=st.integers(0, 300), own=st.integers(0, 300), seed=st.integers(0, 2**32 - 1))
def test_the_estimate_is_near_the_similarity(common: int, own: int, seed: int) -> None:
    words = random.Random(seed).sample(range(10**6), common + 2 * own + 6)
    middle = [f"w{word}" for word in words[:common]]
    first, second = (
        [f"w{word}" for word in words[start : start + own + 3]]
        for start in (common, common + own + 3)
    )
    one, other = [*middle, *first], [*middle, *second]
    padded = [["", "", *own, "", ""] for own in (one, other)]
    shingles = [{*zip(own, own[1:], own[2:], strict=False)} for own in padded]
    true = len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1])
    estimated = similarity(" ".join(one), " ".join(other))
    assert abs(estimated - true) <= 6 * (true * (1 - true) / SIGNATURE_BYTES) ** 0.5 + 0.03


@pytest.mark.parametrize("text", ["The mill is closed.", "Mill", "水車小屋は休業です。", "!", ""])
def test_short_texts_are_equal_or_different(text: str) -> None:
    assert similarity(text, f" {text}\n") == 1
    for other in ("The mill is open.", "Mills", "水車小屋は営業中です。", "?"):
        assert similarity(text, other) < LEAST_SIMILARITY
        assert not are_near(text, other)


@pytest.mark.parametrize("language", ["en", "de"])
def test_copies_are_near_duplicates_and_other_documents_are_not(language: str) -> None:
    texts = read_sample(language)
    headed = [f"ACME Portal | Home | News | Contact\n\n{text}" for text in texts]
    spaced = [text.replace(" ", " \n ").swapcase() for text in texts]
    dated = [f"Published on 3 June 2021. {text}" for text in texts]
    originals = [f"Published on 12 May 2020. {text}" for text in texts]
    for changed, base in ((headed, texts), (spaced, texts), (dated, originals)):
        assert all(are_near(*pair) for pair in zip(changed, base, strict=True))
    signatures = np.stack([compute_signature(text) for text in texts])
    assert (find_near_duplicates(signatures, signatures) == np.eye(len(texts), dtype=bool)).all()


def test_many_texts_at_once_are_compared_as_each_pair() -> None:
    numbers = random.Random(0)
    words = [str(numbers.randrange(10**6)) for _ in range(100)]
    texts = []
    for changes in numbers.choices(range(8), k=400):
        own = list(words)
        for _ in range(changes):
            own[numbers.randrange(len(own))] = "other"
        texts.append(" ".join(own))
    signatures = np.stack([compute_signature(text) for text in texts])
    near = find_near_duplicates(signatures, signatures)
    assert 0 < near.sum() < near.size
    for one, other in [*combinations(range(len(texts)), 2)][:2000]:
        share = float((signatures[one] == signatures[other]).mean())
        assert near[one, other] == near[other, one] == (share >= LEAST_SIMILARITY)


def test_a_long_text_is_read_in_parts() -> None:
    words = [f"w{number}" for number in range(20_000)]
    whole, but_the_last = " ".join(words), " ".join(words[:-100])
    assert similarity(whole, but_the_last) > 0.97
    assert similarity(whole, " ".join(words[10_000:])) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("position", [0, 7, 15])
def test_short_texts_that_differ_by_a_word_are_not_near_duplicates(position: int) -> None:
    words = [f"w{number}" for number in range(16)]
    other = [*words]
    other[position] = "other"
    assert not are_near(" ".join(words), " ".join(other))
