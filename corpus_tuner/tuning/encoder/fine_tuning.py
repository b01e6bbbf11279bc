"""Fine-tuning of an encoder on documents: teacher index, training examples and training."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sentence_transformers import SentenceTransformer

from corpus_tuner.building.pipeline import build
from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.progress import track
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.tuning.encoder.held_out import HeldOutEvaluation
from corpus_tuner.tuning.encoder.losses import RankingLoss
from corpus_tuner.tuning.encoder.synthetic_queries import generate_queries
from corpus_tuner.tuning.encoder.teacher import Teacher
from corpus_tuner.tuning.encoder.training import count_steps, train
from corpus_tuner.tuning.encoder.training_examples import make_examples
from corpus_tuner.tuning.training import CHECKPOINTS, Curve

TEACHER = "teacher"
"""Folder of the teacher's index in that of the model."""
_PLAN = "plan.json"


def fine_tune(
    model: SentenceTransformer,
    documents: Sequence[Document],
    held_out: int,
    languages: Languages,
    recipe: Recipe,
    settings: EncoderTuningSettings,
    output: Path,
    evaluation: HeldOutEvaluation,
) -> Curve:
    """Train a model, or resume training, and return its learning curve.

    The first `held_out` documents are in the teacher's index, but not trained on.
    """
    trained = documents[held_out:]
    with _open_teacher(documents, output / TEACHER, recipe) as searcher:
        questions, ordinals = _read_questions(searcher, trained)
        teacher = Teacher(searcher)
        loss = RankingLoss(model, settings, teacher.temperature)

        def list_rows(steps: int) -> list[dict[str, Any]]:
            queries = generate_queries(
                trained, languages, settings.left_in, settings.seed, questions
            )
            rows = make_examples(queries, ordinals, settings.batch_size, steps, teacher.rank)
            total = steps * settings.batch_size
            return list(track(rows, "generating queries", lambda: total, unit="queries"))

        steps = settings.steps or _read_plan(output)
        if steps is None:
            steps = count_steps(settings.minutes, loss, list_rows(1))
            (output / _PLAN).write_text(json.dumps({"steps": steps}), encoding="utf-8")
        rows = list_rows(steps)
    return train(model, rows, loss, settings, steps, output / CHECKPOINTS, evaluation)


def _open_teacher(documents: Sequence[Document], index: Path, recipe: Recipe) -> Searcher:
    """Build the teacher's index, which always has lexical rankers, and open it."""
    changes = {"baselines": (), "lexical": recipe.lexical or LexicalSettings()}
    build(list(documents), index, recipe.model_copy(update=changes))
    return Searcher.open(index)


def _read_questions(
    searcher: Searcher, documents: Sequence[Document]
) -> tuple[list[list[str]], list[int]]:
    """Return the generated questions of documents, and the documents' ordinals."""
    questions, ordinals = [], []
    for document in documents:
        ((ordinal, _),) = searcher.segments.find_ids([document.id]).values()
        views = searcher.segments.read_views(ordinal)
        questions.append([view.text for view in views if view.kind == "question"])
        ordinals.append(ordinal)
    return questions, ordinals


def _read_plan(output: Path) -> int | None:
    """Return the number of steps that was chosen before an interruption."""
    with suppress(FileNotFoundError, ValueError):
        steps: int = json.loads((output / _PLAN).read_text(encoding="utf-8"))["steps"]
        return steps
    return None
