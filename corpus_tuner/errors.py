"""Exceptions of the package.

::

    ValueError
    └── CorpusTunerError            an input, a setting or a file that the user can correct
        ├── MissingExtraError       an optional library is not installed
        ├── UnfinishedError         a generator had to stop (defined in corpus_tuner.generators)
        ├── SearchIndexError        an index, an encoder or a representation cannot be used
        │   ├── DamagedError        files of an index differ from what was written
        │   └── LockedError         another process is changing the index
        ├── EvaluationError         a benchmark, a run or judgments cannot be used
        └── OutOfReachError         a server does not answer

Every message says what was wrong, where, and what to do. The command line prints it without a
traceback and exits with 2.
"""

from corpus_tuner.installing import missing


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


class MissingExtraError(CorpusTunerError):
    """An optional library is not installed; the message gives the pip command."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(missing(what, extra))


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
    >>> from corpus_tuner.eval.measures import parse_measure
    >>> try:
    ...     parse_measure("fame@10")
    ... except EvaluationError as error:
    ...     print(str(error).partition(";")[0])
    no measure is called 'fame@10'
    """


class OutOfReachError(CorpusTunerError):
    """A server does not answer: there is no network, or none to this host."""


DAMAGED = "corpus-tuner check says what else is, and with --repair makes it anew"
"""What to do about files that are damaged, for messages."""
