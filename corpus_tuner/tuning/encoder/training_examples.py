"""Examples: questions with their passages, what else the index finds, and texts to remember."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, islice
from typing import Any

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import Vectors
from corpus_tuner.tuning.encoder.synthetic_queries import Asked, Question, questions
from corpus_tuner.tuning.encoder.teacher import Lesson

Row = dict[str, Any]
"""``query``, ``passage``, ``negative_1`` and so on, ``other``, and their ``label``."""
Teach = Callable[[Sequence[tuple[int, Question]]], Iterable[Lesson | None]]
"""Says what an index finds for questions; see `corpus_tuner.tuning.encoder.teacher`."""
_Taught = tuple[int, Question, Lesson | None]

_AT_ONCE = 256


def examples(
    asked: Sequence[Asked],
    languages: Languages,
    settings: EncoderTuningSettings,
    steps: int,
    teach: Teach | None,
    others: Sequence[tuple[str, Vectors]] = (),
    topics: Sequence[Sequence[int]] = (),
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
    topics
        Positions of documents that a batch asks for together.
    """
    other = cycle(others)
    taught = _taught(asked, languages, settings, teach, topics)
    rows = _apart(taught, min(settings.batch_size, len(asked)))
    for batch in split_into_chunks(islice(rows, steps * settings.batch_size), settings.batch_size):
        for row in _labelled(batch):
            if others:
                text, vector = next(other)
                row["other"] = text
                row["label"] += vector.tolist()
            yield {**row, "label": row.pop("label")}  # the last column


def _taught(
    asked: Sequence[Asked],
    languages: Languages,
    settings: EncoderTuningSettings,
    teach: Teach | None,
    topics: Sequence[Sequence[int]],
) -> Iterator[_Taught]:
    """Yield questions without end, with what the teacher says of them, if there is one."""
    made = questions(asked, languages, settings.left_in, settings.seed, topics)
    if teach is None:
        yield from ((position, question, None) for position, question in made)
        return
    for some in split_into_chunks(made, _AT_ONCE):
        for (position, question), lesson in zip(some, teach(some), strict=True):
            if lesson is not None:
                yield position, question, lesson


def _apart(taught: Iterable[_Taught], size: int) -> Iterator[_Taught]:
    """Yield those questions of which so many in a row ask for different documents."""
    seen: set[int] = set()
    for one in taught:
        position, *_ = one
        if position in seen:
            continue
        seen.add(position)
        if len(seen) == size:
            seen.clear()
        yield one


def _labelled(batch: Sequence[_Taught]) -> Iterator[Row]:
    """Yield the rows of a batch; a label has the scores of all passages and negatives of it."""
    lessons = [lesson for *_, lesson in batch if lesson is not None]
    columns = zip(*(lesson.negatives for lesson in lessons), strict=True)
    documents = [lesson.asked_for for lesson in lessons]
    documents += [ordinal for column in columns for ordinal, _ in column]
    for _, question, lesson in batch:
        row: Row = {"query": question.text, "passage": question.passage, "label": [0.0]}
        if lesson is not None:
            for number, (_, text) in enumerate(lesson.negatives, start=1):
                row[f"negative_{number}"] = text
            row["label"] = lesson.of(documents)
        yield row
