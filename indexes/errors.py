"""What can go wrong in this wing, in words for the person who can mend it."""


class SearchIndexError(ValueError):
    """An index, an encoder or a representation cannot be used; the message says what to do.

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
    """Files of an index are not as they were written: whoever searches cannot mend that.

    Examples
    --------
    >>> issubclass(DamagedError, SearchIndexError)
    True
    """


DAMAGED = "corpus-tuner check says what else is, and with --repair makes it anew"
"""What there is to do about files that are damaged."""
