"""Query likelihood of a generator as a reranker."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from benchmarks import query_likelihood
from benchmarks.query_likelihood import FIRST, QueryLikelihood, measure_query_likelihood
from benchmarks.scored_collection import ScoredCollection, fuse
from corpus_tuner.encoders.model_weights import hash_weights
from corpus_tuner.generation.models import load_model
from corpus_tuner.generation.models.chat import ChatPrompts
from corpus_tuner.generation.models.ctranslate2_engines import convert
from corpus_tuner.generation.prompts import load_instructions
from tests.generation.decoders import READINGS, make_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerBase) -> Path:
    """A random decoder-only model."""
    return make_model(tmp_path_factory.mktemp("llama"), "Llama", tokenizer)


@pytest.fixture
def likelihood(folder: Path, monkeypatch: pytest.MonkeyPatch) -> QueryLikelihood:
    """The model in float32: probabilities in int8 are not those of transformers."""
    module = "corpus_tuner.generation.models.ctranslate2_engines"
    monkeypatch.setattr(f"{module}._COMPUTE", "float32")
    model, tokenizer = load_model(str(folder), causal=True)
    digest = hash_weights(model)
    convert(model, tokenizer, digest)
    return QueryLikelihood(digest)


def test_scores_are_mean_log_probabilities_of_the_query(
    folder: Path, likelihood: QueryLikelihood
) -> None:
    model, tokenizer = load_model(str(folder), causal=True)
    (instruction,) = load_instructions(("question",), "en")
    documents = [reading.document for reading in READINGS]
    answer = tokenizer("wheat mill water", add_special_tokens=False)["input_ids"]
    expected = []
    for document in documents:
        prompt, _ = ChatPrompts(tokenizer, 320).make(document, instruction)
        with torch.no_grad():
            logits = model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1]
        expected.append(logits.log_softmax(-1)[range(len(answer)), answer].mean().item())
    assert likelihood.score("wheat mill water", documents) == pytest.approx(expected, abs=1e-4)
    assert len({*expected}) == len(documents)


def test_a_large_weight_orders_the_first_documents_by_likelihood(
    collection: ScoredCollection, likelihood: QueryLikelihood, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_likelihood, "WEIGHTS", (100.0,))
    monkeypatch.setattr(query_likelihood, "MOST_QUERIES", 5)
    (values,) = dict(measure_query_likelihood(collection, likelihood)).values()
    queries = zip(collection.benchmark.queries.items(), collection.candidates, strict=True)
    expected = {}
    for (id_, text), candidates in queries:
        if id_ not in values:
            continue
        first = np.argsort(-fuse(candidates, collection.weights), kind="stable")[:FIRST]
        documents = collection.searcher.segments.read_documents(candidates.documents[first])
        order = np.argsort(-likelihood.score(text, documents), kind="stable")
        found = [documents[position].id for position in order]
        expected[id_] = 1 / np.log2(found.index(id_) + 2) if id_ in found else 0.0
    assert values == pytest.approx(expected) and len(values) == 5
    assert len({*expected.values()}) > 1
