"""Examples: questions with their passages, what else the index finds, and texts to remember."""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any

from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.languages import Languages
from corpus_tuner.tuning.encoder.questions import Asked, Question, questions
from corpus_tuner.tuning.encoder.settings import EncoderTuningSettings

Row = dict[str, Any]
"""``query``, ``passage``, ``negative_1`` and so on, ``other``, and their ``label``."""
Teach = Callable[[Sequence[tuple[int, Question]]], Iterator[tuple[list[str], list[float]] | None]]
"""Returns negatives and scores for questions; see `corpus_tuner.tuning.encoder.teacher`."""

_AT_ONCE = 256


def examples(
    asked: Sequence[Asked],
    languages: Languages,
    settings: EncoderTuningSettings,
    steps: int,
    teach: Teach | None,
    others: Sequence[tuple[str, Vectors]] = (),
) -> Iterator[Row]:
    """Yield the rows of so many steps, batch after batch; a batch asks for a document once.

    Parameters
    ----------
    asked
        The documents.
    languages
        That they are in.
    settings
        How large a batch is, and how questions are made.
    steps
        How many batches.
    teach
        Finds negatives; none where only the other passages of a batch are.
    others
        Texts whose vectors are to stay, and these.
    """
    size = min(settings.batch_size, len(asked))
    wanted = steps * settings.batch_size
    other = cycle(others)
    batch: list[tuple[int, Question]] = []
    seen: set[int] = set()
    for position, question in questions(asked, languages, settings.left_in, settings.seed):
        if position in seen:
            continue
        seen.add(position)
        if len(seen) == size:
            seen.clear()
        batch.append((position, question))
        if len(batch) < _AT_ONCE:
            continue
        rows = list(_rows(batch, teach))[:wanted]
        for row in rows if others else ():
            text, vector = next(other)
            row["other"] = text
            row["label"] = [*row["label"], *vector.tolist()]
        yield from ({**row, "label": row.pop("label")} for row in rows)  # the last column
        batch.clear()
        wanted -= len(rows)
        if not wanted:
            return


def _rows(batch: Sequence[tuple[int, Question]], teach: Teach | None) -> Iterator[Row]:
    if teach is None:
        for _, question in batch:
            yield {"query": question.text, "passage": question.passage, "label": [0.0]}
        return
    for (_, question), taught in zip(batch, teach(batch), strict=True):
        if taught is not None:
            negatives, scores = taught
            named = {f"negative_{number}": text for number, text in enumerate(negatives, start=1)}
            yield {
                "query": question.text,
                "passage": question.passage,
                **named,
                "label": scores,
            }
