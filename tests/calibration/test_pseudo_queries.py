"""Pseudo-queries: sentences that their documents lack."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from corpus_tuner import Searcher
from corpus_tuner.calibration.pseudo_queries import sample_sentences, take_out_sentence
from corpus_tuner.core.documents import Document
from corpus_tuner.encoders.tuning_report import read_report
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.text.sentences import split_sentences
from tests.cli.conftest import Run

SENTENCES = (
    "The mill stands by the river.",
    "Bakers buy their flour in the town.",
    "A judge may lower the rent.",
    "It rains.",
)


def test_what_is_asked_for_does_not_have_the_sentence(index: Path) -> None:
    with Searcher.open(index) as searcher:
        asked = list(sample_sentences(searcher, 100, 0))
        assert len(asked) == 100
        assert len({held.ordinal for held in asked}) > 50
        for held in asked:
            document = searcher.segments.read_document(held.ordinal)
            assert held.rest.title == document.title
            assert held.sentence in " ".join(document.text.split())
            assert held.sentence not in held.rest.text
            if searcher.segments.windows[held.ordinal] == 1:
                sentences = split_sentences(document.text, "en")
                missing = {" ".join(text.split()) for text in sentences} - {held.sentence}
                assert all(text in held.rest.text for text in missing)
            for query in held.queries:
                assert set(query.split()) <= set(held.sentence.split())


@pytest.mark.slow
def test_a_tuned_encoder_is_asked_for_what_was_kept_from_it(
    tmp_path: Path, built: Path, encoder_folder: Path, run: Run
) -> None:
    tuned, index = tmp_path / "tuned", tmp_path / "i"
    options = ("--encoder", encoder_folder, "--set", "generator=null", "--set", "language=en")
    settings = ("batch_size=8", "steps=2", "token_weights=base")
    few = [part for setting in settings for part in ("--set", setting)]
    done = run("tune", "encoder", built / "c.jsonl", "-o", tuned, *options, *few)
    assert done.code == 0, done.err
    report = read_report(tuned)
    assert report and len(report.held_out) == 30  # a quarter
    assert run("build", built / "c.jsonl", "-o", index, *options, "--encoder", tuned).code == 0
    with Searcher.open(index) as searcher:
        asked = [held.ordinal for held in sample_sentences(searcher, 100, 0)]
        digests = dict(searcher.segments.read_digests())
    assert {digests[ordinal] for ordinal in asked} == {*report.held_out}
    calibration = read_manifest(index).calibration
    assert calibration and calibration.queries == 2 * len(asked)


@given(st.lists(st.sampled_from(SENTENCES), max_size=6), st.integers(0, 99))
@hypothesis_settings(max_examples=50)
def test_the_rest_lacks_the_sentence_and_has_all_others(sentences: list[str], seed: int) -> None:
    document = Document("d", "", " ".join(sentences))
    held_out = take_out_sentence(document, "en", random.Random(seed), 7)
    usable = {one for one in sentences if len(one.split()) >= 4}
    if not usable or len({*sentences}) == 1:
        assert held_out is None
        return
    assert held_out is not None
    assert held_out.ordinal == 7
    (missing,) = [one for one in usable if one not in held_out.rest.text]
    assert held_out.rest.text == " ".join(one for one in sentences if one != missing)
    first, second = held_out.queries
    assert missing.startswith(first)
    assert set(second.split()) <= set(missing.split())
