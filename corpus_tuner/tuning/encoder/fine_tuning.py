"""Fine-tuning of an encoder on documents: teacher index, training examples and training."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

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
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.tuning.encoder.lora import add_lora, merge_lora
from corpus_tuner.tuning.encoder.losses import RankingLoss
from corpus_tuner.tuning.encoder.synthetic_queries import generate_queries
from corpus_tuner.tuning.encoder.teacher import DEFAULT_TEMPERATURE, Teacher, cluster_topics
from corpus_tuner.tuning.encoder.training import Curve, Trainer, count_steps
from corpus_tuner.tuning.encoder.training_examples import Row, make_examples
from corpus_tuner.tuning.training import CHECKPOINTS

TEACHER = "teacher"
"""Folder of the teacher's index in that of the model."""
_PLAN = "plan.json"


def fine_tune(
    model: SentenceTransformer,
    documents: Sequence[Document],
    held_out: int,
    memory: Sequence[str],
    languages: Languages,
    recipe: Recipe,
    how: EncoderTuningSettings,
    output: Path,
    evaluate: Callable[[], float],
) -> Curve:
    """Train a model, or resume training, and return its learning curve.

    The first `held_out` documents are in the teacher's index, but not trained on. Vectors of the
    `memory` texts must not change. `evaluate` measures the model with the held-out documents.
    """
    trained = documents[held_out:]
    questions: Sequence[Sequence[str]] = ()
    topics: Sequence[Sequence[int]] = ()
    with ExitStack() as stack:
        teacher = None
        if how.needs_teacher:
            searcher = stack.enter_context(_open_teacher(documents, output / TEACHER, recipe))
            questions, ordinals = _read_questions(searcher, trained)
            teacher = Teacher(searcher, ordinals, how)
            if how.topic_size > 1:
                vectors = searcher.dense.passages(ordinals)
                topics = cluster_topics(vectors, how.topic_size, how.seed)
        others = _encode_memory(memory, recipe, model.max_seq_length)
        loss = RankingLoss(model, how, teacher.temperature if teacher else DEFAULT_TEMPERATURE)

        def list_rows(steps: int) -> list[Row]:
            queries = generate_queries(trained, languages, how.left_in, how.seed, questions, topics)
            rank = teacher.rank if teacher else None
            rows = make_examples(queries, len(trained), how.batch_size, steps, rank, others)
            total = steps * how.batch_size
            return list(track(rows, "generating queries", lambda: total, unit="queries"))

        steps = _read_plan(output, how)
        if steps is None:
            steps = count_steps(how.minutes, loss, list_rows(1))
            (output / _PLAN).write_text(json.dumps({"steps": steps}), encoding="utf-8")
        rows = list_rows(steps)
    if how.method == "lora":
        add_lora(model, how.lora_rank)
    curve = Trainer(model, rows, loss, how, steps, output / CHECKPOINTS, evaluate).fit()
    if how.method == "lora":
        merge_lora(model)
    return curve


def _open_teacher(documents: Sequence[Document], index: Path, recipe: Recipe) -> Searcher:
    """Build the teacher's index, which always has lexical rankers, and open it."""
    changes = {"baselines": (), "lexical": recipe.lexical or LexicalSettings()}
    build(list(documents), index, recipe.model_copy(update=changes))
    return Searcher.open(index)


def _read_questions(
    searcher: Searcher, documents: Sequence[Document]
) -> tuple[list[list[str]], Ordinals]:
    """Return the generated questions of documents, and the documents' ordinals."""
    questions, ordinals = [], []
    for document in documents:
        ((ordinal, _),) = searcher.segments.find_ids([document.id]).values()
        views = searcher.segments.read_views(ordinal)
        questions.append([view.text for view in views if view.kind == "question"])
        ordinals.append(ordinal)
    return questions, np.array(ordinals, np.int64)


def _encode_memory(
    texts: Sequence[str], recipe: Recipe, max_tokens: int
) -> list[tuple[str, Vectors]]:
    """Return texts with the base's vectors, of as many tokens as the model reads in training."""
    if not texts:
        return []
    with show_activity("encoding the texts to keep"):
        short = recipe.encoder.model_copy(update={"max_tokens": max_tokens})
        return list(zip(texts, open_encoder(short).encode_documents(texts), strict=True))


def _read_plan(output: Path, how: EncoderTuningSettings) -> int | None:
    """Return the number of steps; ``None`` before the first are timed."""
    if how.steps:
        return how.steps
    try:
        steps: int = json.loads((output / _PLAN).read_text(encoding="utf-8"))["steps"]
    except (FileNotFoundError, ValueError):
        return None
    return steps
