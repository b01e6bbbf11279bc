"""Queries of which an encoder can make nothing: its similarities say nothing about them.

They are numbers and codes, whose digits an encoder does not compare, and words in a script that it
was not trained on. A hybrid search ranks by the terms of such a query.
"""

import numpy as np
import regex

from corpus_tuner.indexes.lexical.tokens import is_letter
from corpus_tuner.indexes.lexical.words import tokenize_query
from corpus_tuner.indexes.search.backend import Drawn
from corpus_tuner.indexes.store.search_settings import DENSE_RANKERS

_LATIN_ONLY = "builtin"  # the embedded encoder is trained on English
_LETTERS = regex.compile(r"[\p{L}\p{M}]")
_LATIN_LETTERS = regex.compile(r"\p{Latin}")


def is_readable(query: str, encoder: str) -> bool:
    """Tell whether an encoder can read some of a query.

    Parameters
    ----------
    query
        Any text.
    encoder
        The name of the encoder.

    Examples
    --------
    >>> is_readable("ISO 27001 audit", "builtin"), is_readable("192.168.0.17", "builtin")
    (True, False)
    >>> is_readable("茶", "builtin"), is_readable("茶", "multilingual")
    (False, True)
    """
    tokens = tokenize_query(query)
    if tokens and all(map(_is_code, tokens)):
        return False
    letters = _LETTERS.findall(query)
    return encoder != _LATIN_ONLY or 2 * len(_LATIN_LETTERS.findall(query)) >= len(letters)


def _is_code(token: str) -> bool:
    return is_letter(token) or 2 * len(_LETTERS.findall(token)) <= len(token)


def drop_dense_scores(drawn: Drawn) -> Drawn:
    """Return the documents of a query without similarities, if some share a term with it."""
    lexical = [name for name in drawn.scores if name not in DENSE_RANKERS]
    if not any(drawn.scores[name].any() for name in lexical):
        return drawn
    nothing = np.zeros(len(drawn.documents))
    scores = {name: nothing if name in DENSE_RANKERS else own for name, own in drawn.scores.items()}
    return Drawn(drawn.documents, scores)
