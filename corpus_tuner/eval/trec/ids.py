r"""Ids in files whose columns are separated by white space: percent-encoding and validation.

TREC files have no quotation marks, so white space in an id is percent-encoded:

- Written: every white space character becomes the bytes of its UTF-8, each as ``%`` and two
  hexadecimal digits in upper case (a blank ``%20``, a tab ``%09``, U+00A0 ``%C2%A0``). A ``%`` that
  would be read as the beginning of such an escape, or of ``%25``, becomes ``%25``. Nothing else
  changes.
- Read: escapes of white space, and ``%25``, are decoded, once, from left to right, in upper or
  lower case. Any other ``%`` is a character like others, as in ``100%.md`` or ``caf%C3%A9``.
"""

import re

from corpus_tuner.core.arguments import is_utf8

_WHITE_SPACE = [chr(code) for code in range(0x10000) if chr(code).isspace()]
_CODES = {"".join(f"%{byte:02X}" for byte in char.encode()): char for char in _WHITE_SPACE}
_ESCAPES = {"%25": "%", **_CODES}
_ESCAPE = re.compile("|".join(sorted(_ESCAPES, key=len, reverse=True)), re.IGNORECASE)
_TO_ENCODE = re.compile(rf"\s|%(?={'|'.join(code[1:] for code in _ESCAPES)})", re.I)
# As in a corpus: all control characters but white space.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
NOT_UTF8 = "not UTF-8, or half of a surrogate pair"


def encode_id(id_: str) -> str:
    """Percent-encode the white space of an id.

    Examples
    --------
    >>> encode_id("My notes, 100%.md"), encode_id("a%20b")
    ('My%20notes,%20100%.md', 'a%2520b')
    """
    return _TO_ENCODE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), id_)


def decode_id(encoded: str) -> str:
    """Decode an id that `encode_id` encoded.

    Examples
    --------
    >>> decode_id("My%20notes,%20100%.md"), decode_id("a%2520b"), decode_id("caf%C3%A9")
    ('My notes, 100%.md', 'a%20b', 'caf%C3%A9')
    """
    return (
        _ESCAPE.sub(lambda match: _ESCAPES[match[0].upper()], encoded)
        if "%" in encoded
        else encoded
    )


def find_id_problem(id_: str) -> str:
    """Return the reason why a text cannot be an id; empty if it can.

    Examples
    --------
    >>> find_id_problem(" "), find_id_problem("My notes.md")
    ('empty', '')
    """
    if not id_.strip():
        return "empty"
    if not is_utf8(id_):
        return NOT_UTF8
    return "control characters" if _CONTROL.search(id_) else ""
