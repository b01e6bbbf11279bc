"""Cross-encoders of sentence-transformers."""

from pathlib import Path

import numpy as np
import pytest

from corpus_tuner import SearchIndexError
from corpus_tuner.rerankers import Reranker, RerankerSettings
from tests.rerankers.toy import OF_GROUPS, TOPICS, make_cross_encoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cross_encoder(tmp_path_factory.mktemp("random"), trained=False)


def test_scores_are_logits_of_the_model(folder: Path) -> None:
    import torch
    from transformers import AutoTokenizer, BertForSequenceClassification

    query, texts = TOPICS[0][0], [" ".join(OF_GROUPS[0] * times) for times in (2, 1, 40)]
    found = Reranker.open(RerankerSettings(name=str(folder))).score(query, texts)
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for text, score in zip(texts, found, strict=True):  # the last one is cut
        encoded = tokenizer(query, text, truncation=True, max_length=64, return_tensors="pt")
        with torch.no_grad():
            assert score == pytest.approx(float(model(**encoded).logits), abs=1e-4)
    assert len(np.unique(found)) == 3


def test_a_classifier_is_no_reranker(tmp_path: Path) -> None:
    settings = RerankerSettings(name=str(make_cross_encoder(tmp_path, trained=False, labels=3)))
    with pytest.raises(SearchIndexError, match="gives a text 3 scores"):
        Reranker.open(settings)


@pytest.mark.parametrize("name", ["some/model", "gone"])
def test_what_cannot_be_loaded_is_named(name: str) -> None:
    with pytest.raises(SearchIndexError, match=f"cannot load the reranker '{name}'"):
        Reranker.open(RerankerSettings(name=name))
