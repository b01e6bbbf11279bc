"""Verdict on a tuned encoder by held-out documents."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner import load_recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import EncoderSettings
from corpus_tuner.encoders.sentence_transformer import load_model
from corpus_tuner.tuning.encoder.held_out import HeldOutEvaluation, Retrieval, select_share
from tests.conftest import make_documents_with_topics


def test_the_verdict_is_that_of_the_search_there_will_be(
    encoder_folder: Path, other_encoder_folder: Path
) -> None:
    documents = [
        Document(one["_id"], one["title"], one["text"]) for one in make_documents_with_topics(30)
    ]

    def found(*assignments: str) -> list[Any]:
        settings = load_recipe(None, assignments)
        trial = HeldOutEvaluation(documents[:8], documents[8:], Languages(("en",)), settings)
        models = (encoder_folder, other_encoder_folder)
        return [trial.measure(load_model(EncoderSettings(name=str(model)))) for model in models]

    vectors = found("lexical=null")
    assert (vectors[0].ndcg != vectors[1].ndcg).any()
    assert [one.dense for one in vectors] == pytest.approx([one.mean for one in vectors])
    words = found("search.hybrid={passage: 0, views: 0, words: 1, ngrams: 0, feedback: 0}")
    assert (words[0].ndcg == words[1].ndcg).all()
    assert words[0].dense == vectors[0].dense
    assert words[0].mean > 0.5  # the words of a sentence tell much, random vectors nothing
    both = found("search.hybrid={passage: 1, views: 0, words: 1, ngrams: 0, feedback: 0}")
    assert vectors[0].mean < both[0].mean


def test_the_smallest_share_that_is_as_good_as_the_best_is_chosen() -> None:
    rng = np.random.default_rng(0)
    own = rng.uniform(0, 0.5, (40, 2))
    luck = rng.normal(0, 0.1, own.shape)
    by_share = {share: Retrieval(own, 0.0) for share in (0.0, 0.5)}
    everyone = np.ones(40, bool)
    assert select_share(by_share | {1.0: Retrieval(own + luck - luck.mean(), 0.0)}, everyone) == 0
    clearly = by_share | {1.0: Retrieval(own + luck - luck.mean() + 0.1, 0.0)}
    assert select_share(clearly, everyone) == 1
    clearly[0.5] = Retrieval(clearly[1.0].ndcg - 0.01 * (rng.random(own.shape) < 0.5), 0.0)
    assert select_share(clearly, everyone) == 1
    clearly[0.5] = Retrieval(clearly[1.0].ndcg + luck - luck.mean() - 0.001, 0.0)
    assert select_share(clearly, everyone) == 0.5
    some = everyone.copy()
    some[:20] = False
    clearly[0.0] = Retrieval(np.where(some[:, None], 1.0, own), 0.0)
    assert select_share(clearly, some) == 0
