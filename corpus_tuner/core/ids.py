"""Canonically equivalent ids (Unicode, UAX #15): one name, composed or decomposed."""

import unicodedata


def normalize_id(text: str) -> str:
    r"""Return the composed form of a text, normalization form C.

    Examples
    --------
    >>> normalize_id("u\u0308ber.txt") == "\u00fcber.txt"
    True
    """
    return unicodedata.normalize("NFC", text)


def list_normal_forms(id_: str) -> list[str]:
    r"""Return the forms in which an id may be stored: as given, composed, and decomposed.

    Examples
    --------
    >>> [len(spelling) for spelling in list_normal_forms("\u00fcber.txt")]
    [8, 9]
    """
    return list(dict.fromkeys([id_, normalize_id(id_), unicodedata.normalize("NFD", id_)]))
