"""How much of a text an encoder reads."""

from corpus_tuner.errors import SearchIndexError

_FEWEST = 8
"""Tokens of a document that are worth reading."""


def check_limit(name: str, asked: int | None, positions: int | None) -> None:
    """Refuse to read more tokens than an encoder has positions.

    Parameters
    ----------
    name
        Of the encoder.
    asked
        ``encoder.max_tokens``.
    positions
        That the encoder has, if it has a number of them.

    Raises
    ------
    SearchIndexError
        If more are asked for.
    """
    if asked is not None and positions is not None and asked > positions:
        raise SearchIndexError(
            f"encoder {name!r} has {positions} positions: encoder.max_tokens may be at "
            f"most that, not {asked}"
        )


def compute_max_tokens(name: str, limit: int, around: int) -> int:
    """Return how many tokens of a text are read.

    Parameters
    ----------
    name
        Of the encoder.
    limit
        Tokens that it reads.
    around
        Those among them that are marks and the prompt.

    Raises
    ------
    SearchIndexError
        If next to nothing is left.
    """
    if limit - around < _FEWEST:
        raise SearchIndexError(
            f"encoder {name!r} would read only {limit - around} tokens of a document: "
            "raise encoder.max_tokens or shorten encoder.document_prompt"
        )
    return limit - around


def choose_dimension(name: str, wanted: int | None, own: int) -> int:
    """Return how many components of an encoder's vectors are kept.

    Raises
    ------
    SearchIndexError
        If more are wanted than there are.
    """
    if wanted is not None and wanted > own:
        raise SearchIndexError(
            f"encoder.dimensions is {wanted}, and the vectors of {name!r} have {own}"
        )
    return wanted or own
