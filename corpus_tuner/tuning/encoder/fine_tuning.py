"""From documents to a trained encoder: what teaches it, the examples, and the training."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sentence_transformers import SentenceTransformer

from corpus_tuner.building.pipeline import build
from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.encoders import Vectors, open_encoder
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.tuning.encoder.lora import add_matrices, merge_matrices
from corpus_tuner.tuning.encoder.losses import Objective
from corpus_tuner.tuning.encoder.synthetic_queries import Asked
from corpus_tuner.tuning.encoder.teacher import TEMPERATURE, Teacher
from corpus_tuner.tuning.encoder.topic_batches import topics
from corpus_tuner.tuning.encoder.training import Curve, Trainer, dataset_of, steps_in
from corpus_tuner.tuning.encoder.training_examples import examples

CHECKPOINTS, TEACHER = "checkpoint", "teacher"
"""In the folder of the model, until it is done."""
_PLAN = "plan.json"


class Learnt(NamedTuple):
    """What is learnt from.

    Attributes
    ----------
    documents
        All of them; they make the index that teaches.
    held_out
        The first ones, that are kept from training.
    kept
        Other texts, whose vectors are to stay.
    languages
        That the documents are in.
    """

    documents: Sequence[Document]
    held_out: int
    kept: Sequence[str]
    languages: Languages


def fit(
    model: SentenceTransformer,
    learnt: Learnt,
    settings: Recipe,
    output: Path,
    look: Callable[[], float],
) -> Curve:
    """Train a model in place, or go on with it, and return its curve.

    Parameters
    ----------
    model
        What learns.
    learnt
        What it learns from.
    settings
        The recipe.
    output
        The folder of the model; it has the plan, the index that teaches and the checkpoints.
    look
        Measures the model with the documents that were held out.
    """
    how, languages = settings.encoder_tuning, learnt.languages
    documents = learnt.documents[learnt.held_out :]
    with ExitStack() as opened:
        teacher, asked = None, [Asked(document) for document in documents]
        alike: Sequence[Sequence[int]] = ()
        if how.taught:
            searcher = opened.enter_context(_teaching(learnt.documents, output / TEACHER, settings))
            asked, ordinals = _asked(searcher, documents)
            teacher = Teacher(searcher, ordinals, how)
            if how.topic_size > 1:
                alike = topics(searcher.dense.passages(ordinals), how.topic_size, how.seed)
        vectors = _remembered(learnt.kept, settings, model.max_seq_length)
        objective = Objective(model, how, teacher.temperature if teacher else TEMPERATURE)
        steps = _planned(output, how)
        if steps is None:
            with show_activity("looking at the pace"):
                rows = examples(asked, languages, how, 1, teacher, vectors, alike)
                steps = steps_in(how.minutes, objective, list(rows))
            (output / _PLAN).write_text(json.dumps({"steps": steps}), encoding="utf-8")
        wanted = steps * how.batch_size
        rows = examples(asked, languages, how, steps, teacher, vectors, alike)
        made = list(track(rows, "asking", lambda: wanted, unit="questions"))
    if how.method == "lora":
        add_matrices(model, how.lora_rank)
    checkpoints = output / CHECKPOINTS
    trainer = Trainer(model, dataset_of(made), objective, how, steps, checkpoints, look)
    curve = trainer.fit()
    if how.method == "lora":
        merge_matrices(model)
    return curve


def _teaching(documents: Sequence[Document], index: Path, settings: Recipe) -> Searcher:
    """Build the index that teaches, which always has words, and open it."""
    changes = {"baselines": (), "lexical": settings.lexical or LexicalSettings()}
    build(list(documents), index, settings.model_copy(update=changes))
    return Searcher.open(index)


def _asked(searcher: Searcher, documents: Sequence[Document]) -> tuple[list[Asked], Any]:
    """Return documents with the questions that were written for them, and their ordinals."""
    asked, ordinals = [], []
    for document in documents:
        ((ordinal, _),) = searcher.segments.find([document.id]).values()
        views = searcher.segments.views(ordinal)
        asked.append(Asked(document, [one.text for one in views if one.kind == "question"]))
        ordinals.append(ordinal)
    return asked, np.array(ordinals, np.int64)


def _remembered(
    texts: Sequence[str], settings: Recipe, max_tokens: int
) -> list[tuple[str, Vectors]]:
    """Return texts with the vectors that the base gives to what the model reads while training."""
    if not texts:
        return []
    with show_activity("reading what is to be kept"):
        short = settings.encoder.model_copy(update={"max_tokens": max_tokens})
        return list(zip(texts, open_encoder(short).encode_documents(texts), strict=True))


def _planned(output: Path, how: EncoderTuningSettings) -> int | None:
    """Return the number of steps, where it is known."""
    if how.steps:
        return how.steps
    try:
        plan: Mapping[str, int] = json.loads((output / _PLAN).read_text(encoding="utf-8"))
        return plan["steps"]
    except (FileNotFoundError, ValueError):
        return None
