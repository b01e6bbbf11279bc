"""Exceptions of the package.

::

    ValueError
    └── CorpusTunerError            an input, a setting or a file that the user can correct
        ├── MissingExtraError       an optional library is not installed (core.extras)
        ├── IncompleteError         a generator had to stop (generation.generators)
        ├── SearchIndexError        an index, an encoder or a representation cannot be used
        │   ├── DamagedError        files of an index differ from what was written
        │   └── LockedError         another process is changing the index
        ├── EvaluationError         a benchmark, a run or judgments cannot be used
        └── OutOfReachError         a server does not answer

    UserWarning
    └── CorpusTunerWarning          something is done differently from what was requested

Every message says what was wrong, where, and what to do. The command line prints it without a
traceback and exits with 2.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_on_command_line = False


class CorpusTunerError(ValueError):
    """Base class of all errors that the user can correct.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> try:
    ...     ct.build("no-such-file.jsonl", example_output)
    ... except ct.CorpusTunerError as error:
    ...     print(str(error).partition(":")[0])
    there is no corpus at no-such-file.jsonl
    """


class SearchIndexError(CorpusTunerError):
    """An index, an encoder or a representation cannot be used.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> try:
    ...     ct.Searcher.open("nowhere")
    ... except ct.SearchIndexError as error:
    ...     print(error)
    nowhere is not an index: there is no such folder
    """


class DamagedError(SearchIndexError):
    """Files of an index differ from what was written: only a repair or a new build helps.

    Examples
    --------
    >>> issubclass(DamagedError, SearchIndexError)
    True
    """


class LockedError(SearchIndexError):
    """Another process is changing the index; the message says which."""


class EvaluationError(CorpusTunerError):
    """A benchmark, a run or judgments cannot be used.

    Examples
    --------
    >>> from corpus_tuner.eval.trec.measures import parse_measure
    >>> try:
    ...     parse_measure("fame@10")
    ... except EvaluationError as error:
    ...     print(str(error).partition(";")[0])
    no measure is called 'fame@10'
    """


class OutOfReachError(CorpusTunerError):
    """A server does not answer: there is no network, or none to this host."""


DAMAGED = "corpus-tuner index check says what else is, and with --repair makes it anew"
"""What to do about files that are damaged, for messages."""


class CorpusTunerWarning(UserWarning):
    """Something is done differently from what was requested; the message says why.

    Examples
    --------
    >>> import warnings
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as index:
    ...     with warnings.catch_warnings(record=True) as caught:
    ...         hits = index.search("the old water mill", mode="dense", min_probability=0.5)
    >>> len(hits), caught[0].category.__name__
    (3, 'CorpusTunerWarning')
    """


@contextmanager
def command_line() -> Iterator[None]:
    """Name options of the command line in messages, until this context is left."""
    global _on_command_line
    before, _on_command_line = _on_command_line, True
    try:
        yield
    finally:
        _on_command_line = before


def named(argument: str, option: str) -> str:
    """Return the name by which a message calls an argument.

    Parameters
    ----------
    argument
        Name of the argument in Python.
    option
        Name of the option on the command line.

    Examples
    --------
    >>> named("min_probability", "--min-probability")
    'min_probability'
    >>> with command_line():
    ...     named("min_probability", "--min-probability")
    '--min-probability'
    """
    return option if _on_command_line else argument


def setting(values: Mapping[str, object], option: str = "") -> str:
    """Return how a message says to change settings.

    Parameters
    ----------
    values
        By their names, ``stage.key``.
    option
        The option of the command line, with its value; by default ``--set`` for each.

    Examples
    --------
    >>> setting({"corpus.on_bad_record": "skip"})
    "recipe={'corpus': {'on_bad_record': 'skip'}}"
    >>> with command_line():
    ...     setting({"corpus.id": "..."})
    '--set corpus.id=...'
    """
    stages: dict[str, Any] = {}
    for name, value in values.items():
        stage, _, key = name.partition(".")
        if key:
            stages.setdefault(stage, {})[key] = value
        else:
            stages[stage] = value
    assigned = " ".join(f"--set {name}={value}" for name, value in values.items())
    return named(f"recipe={stages}", option or assigned)
