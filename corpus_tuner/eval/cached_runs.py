"""Runs that are kept, so that an evaluation that was killed goes on where it was."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.text_output import write_text
from corpus_tuner.eval.trec.runs import Run, read_run, without_self, write_run


class Kept(NamedTuple):
    """A run that is kept.

    Attributes
    ----------
    run
        As its file holds it.
    seconds
        That it took when it was made.
    """

    run: Run
    seconds: float


def kept_run(
    path: Path,
    decides: tuple[object, ...],
    make: Callable[[], Run],
    prepare: Callable[[], None],
    *,
    remove_self: bool,
) -> Kept:
    """Read the run at `path` if it was made from the same things, or make it and write it there.

    Parameters
    ----------
    path
        A TREC run file, ``BENCHMARK.SYSTEM.trec``; a hash of what decided it, and the seconds, go
        to the file of the same name that ends in ``.json``.
    decides
        All that decides the run; the texts that these are written as are compared.
    make
        Makes the run.
    prepare
        Called before `make`; its time does not count.
    remove_self
        Leave out of every ranking the document that is the query.

    Raises
    ------
    EvaluationError
        If a file cannot be written, or an id cannot stand in a TREC run.
    """
    key = hashlib.sha256(repr((decides, remove_self)).encode()).hexdigest()
    note = path.with_suffix(".json")
    if path.is_file() and note.is_file():
        noted = json.loads(note.read_text(encoding="utf-8"))
        if noted["key"] == key:
            return Kept(read_run(path), noted["seconds"])
    prepare()
    start = time.perf_counter()
    run = make()
    seconds = round(time.perf_counter() - start, 3)
    if remove_self:
        run = without_self(run)
    note.unlink(missing_ok=True)
    write_run(run, path, path.name.removesuffix(".trec").partition(".")[2] or path.stem)
    write_text(json.dumps({"key": key, "seconds": seconds}), note)
    return Kept(read_run(path), seconds)
