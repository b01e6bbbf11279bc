"""Fine-tuning of the encoder on generated questions, with hybrid search as the teacher.

As in GPL (Wang et al., arXiv 2112.07577), but for the teacher: for a question, its document and
another document that hybrid search ranks high, the encoder learns the margin of the teacher's
scores (margin-MSE).
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from benchmarks.generated_words import select_questions
from benchmarks.in_domain import MEASURE, rank_documents
from benchmarks.scored_collection import ScoredCollection, fuse
from corpus_tuner.building.pipeline import build
from corpus_tuner.config.recipe import read_stored_recipe
from corpus_tuner.core.progress import track
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.encoders.sentence_transformer import load_model
from corpus_tuner.eval.systems import OpenIndex, System
from corpus_tuner.eval.trec.measures import QueryValues, measure_queries
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.tuning.training import uses_bfloat16

STEPS, BATCH, RATE, TOKENS = 40, 16, 5e-5, 128
NEGATIVES = 30
"""Negatives are among so many first documents of the teacher."""


class Triple(NamedTuple):
    """A question, its document, another document, and the margin of the teacher's scores."""

    question: str
    document: str
    other: str
    margin: float


def make_triples(collection: ScoredCollection, count: int, seed: int = 0) -> list[Triple]:
    """Return triples in random order, scored by calibrated hybrid search without the questions."""
    chance = random.Random(seed)
    owned = [
        (text, owner)
        for owner, texts in enumerate(select_questions(collection.views))
        for text in texts
    ]
    drawn = [chance.choice(owned) for _ in range(count)]
    texts = [get_full_text(one) for one in collection.searcher.read_documents()]
    triples = []
    found = collection.searcher.find_candidates([question for question, _ in drawn])
    for (question, owner), candidates in zip(drawn, found, strict=True):
        scores = fuse(candidates, collection.weights)
        first = np.argsort(-scores, kind="stable")[:NEGATIVES]
        others = [number for number in first if candidates.documents[number] != owner]
        own = np.flatnonzero(candidates.documents == owner)
        if not len(own):
            continue
        other = chance.choice(others)
        margin = float(scores[own[0]] - scores[other])
        triples.append(Triple(question, texts[owner], texts[candidates.documents[other]], margin))
    return triples


def train(model: SentenceTransformer, triples: Sequence[Triple]) -> None:
    """Train a model by margin-MSE; margins of the teacher are scaled to those of the model."""
    model.max_seq_length = min(TOKENS, model.max_seq_length)
    columns = [list(column) for column in zip(*triples, strict=True)]
    with torch.no_grad():
        sample = slice(0, 8 * BATCH)
        before = _compute_margins(model, *(column[sample] for column in columns[:3]))
    margins = torch.tensor(columns[3]) * float(before.std() / np.std(columns[3]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    steps = len(triples) // BATCH
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (0.1 * steps), 1 - step / steps)
    )
    model.train()
    for step in track(range(steps), "training", lambda: steps, unit="steps"):
        batch = slice(step * BATCH, (step + 1) * BATCH)
        own = _compute_margins(model, *(column[batch] for column in columns[:3]))
        loss = 400 * torch.nn.functional.mse_loss(own, margins[batch])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval()


def _compute_margins(
    model: SentenceTransformer, questions: list[str], documents: list[str], others: list[str]
) -> torch.Tensor:
    """Return the cosines of questions and their documents, minus those with the others."""
    with torch.autocast("cpu", torch.bfloat16, enabled=uses_bfloat16(model.device, "auto")):
        vectors = [
            torch.nn.functional.normalize(
                model(model.tokenize(texts))["sentence_embedding"].float(), dim=1
            )
            for texts in (questions, documents, others)
        ]
    return ((vectors[1] - vectors[2]) * vectors[0]).sum(dim=1)


def measure_tuned(
    collection: ScoredCollection, corpus: str, output: Path
) -> Iterator[tuple[str, QueryValues]]:
    """Yield measures of dense search with the base and the tuned encoder, and of hybrid search."""
    recipe = read_stored_recipe(collection.searcher.manifest)
    model = load_model(recipe.encoder.model_copy(update={"device": "cpu"}))
    limit = model.max_seq_length
    yield "dense search", _measure_dense(collection, recipe.encoder)
    train(model, make_triples(collection, STEPS * BATCH))
    model.max_seq_length = limit
    model.save(str(output / "encoder"), create_model_card=False)
    tuned = recipe.encoder.model_copy(update={"name": str(output / "encoder")})
    yield "dense search, encoder tuned on questions", _measure_dense(collection, tuned)
    build(corpus, output / "index", recipe.model_copy(update={"encoder": tuned}))
    yield "encoder tuned on questions", measure_index(collection, output / "index")


def measure_index(collection: ScoredCollection, index: Path) -> QueryValues:
    """Return the measure of every query in hybrid search of an index."""
    manifest = read_manifest(index)
    system = System("hybrid", manifest.representation, "hybrid", manifest.search)
    with OpenIndex(index, None, collection.benchmark.queries) as opened:
        run = opened.run(system, 100)
    return measure_queries(collection.benchmark.qrels, run, [MEASURE])[MEASURE]


def _measure_dense(collection: ScoredCollection, settings: EncoderSettings) -> QueryValues:
    """Return the measure of every query in dense search by whole documents, in float32."""
    encoder = open_encoder(settings.model_copy(update={"dtype": "float32"}))
    documents = list(collection.searcher.read_documents())
    vectors = encoder.encode_documents([get_full_text(document) for document in documents])
    queries = collection.benchmark.queries
    scores = encoder.encode_queries([*queries.values()]) @ vectors.T
    run = rank_documents([*queries], scores, [document.id for document in documents])
    return measure_queries(collection.benchmark.qrels, run, [MEASURE])[MEASURE]
