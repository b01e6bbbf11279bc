"""Queries that an encoder cannot read, so that dense similarities are meaningless.

They are numbers and codes, whose digits an encoder does not compare, and words in a script that it
was not trained on. Hybrid search ranks only by the terms of such a query.
"""

import regex

from corpus_tuner.encoders.embedded import PACKAGES
from corpus_tuner.indexes.lexical.tokens import is_letter
from corpus_tuner.indexes.lexical.words import tokenize_query

_LETTERS = regex.compile(r"[\p{L}\p{M}]")
_LATIN_LETTERS = regex.compile(r"\p{Latin}")


def is_readable(query: str, encoder: str) -> bool:
    """Tell whether an encoder, given by its name, can read some of a query.

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
    if encoder not in PACKAGES or not PACKAGES[encoder].latin_only:
        return True
    return 2 * len(_LATIN_LETTERS.findall(query)) >= len(letters)


def _is_code(token: str) -> bool:
    return is_letter(token) or 2 * len(_LETTERS.findall(token)) <= len(token)
