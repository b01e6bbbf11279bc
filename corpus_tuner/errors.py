"""What can go wrong in this wing, in words for the person who can mend it."""

from corpus_tuner.installing import missing


class CorpusTunerError(ValueError):
    """A corpus, a setting or a generator cannot be used; the message says where and what to do.

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
    """An optional library is not installed; the message names the command that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(missing(what, extra))
