"""What the points of a collection are: documents, and what the index says of itself.

::

    a document      number  63 bits of a hash of its id
                    passage, views, words, ngrams    vectors
                    id, title, text, metadata, views    as the index has them
                    language    that the document was found to be in
                    rows        which of its views every dense vector shows, the passage's first
                    fields, true, false     for filters: which fields have a value, or this one
                    stamp       a hash of all that
                    terms       a hash of what its sparse vectors were computed with
    the manifest    number 2**63: format, version, manifest, fields, statistics; written last
    terms           numbers behind that: keys, or frequencies, of 65,536 terms in base64

Sparse vectors hold the saturated counts of BM25, and a query's holds how rare terms are: their
product is the score.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from corpus_tuner.indexes.filters.fields import ID, LANGUAGE, walk_fields
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS, LexicalRanker

FORMAT = "corpus-tuner-qdrant"
VERSION = 2
FIELDS, STAMP, TERMS = "fields", "stamp", "terms"
TRUTHS = {True: "true", False: "false"}
SHOWN = ("id", "title", "text", "metadata", "views", "rows")
"""The keys of a document's payload that make hits."""
MANIFEST = 2**63
"""The number of the manifest: no document has it, nor a greater one."""
_KINDS = ("keys", "frequencies")


def number_of(id_: str) -> int:
    """Return the number of a document: 63 bits, so that two of a million are one in 18 million."""
    digest = hashlib.blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def number_of_terms(ranker: LexicalRanker, kind: str, chunk: int) -> int:
    """Return the number of a chunk of terms.

    Parameters
    ----------
    ranker
        Which terms.
    kind
        ``keys`` or ``frequencies``.
    chunk
        Its position, from 0.
    """
    family = 1 + LEXICAL_RANKERS.index(ranker) * len(_KINDS) + _KINDS.index(kind)
    return MANIFEST + (family << 32) + chunk


def key_of(field: str) -> str:
    """Return the key of a field in payloads.

    Examples
    --------
    >>> key_of("author.name")
    'metadata."author"."name"'
    """
    if field in (ID, LANGUAGE):
        return field
    return "metadata" + "".join(f'."{part}"' for part in field.split("."))


def read_fields(metadata: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return which fields of a document have a value, and which are true or false, by key.

    Not every engine of Qdrant finds a truth by itself, and what is empty means other things to it.

    Examples
    --------
    >>> read_fields({"year": 1850, "author": {"name": None}, "new": [True], "of": []})
    {'fields': ['author', 'new', 'year'], 'true': ['new'], 'false': []}
    """
    every = {
        name: value if isinstance(value, list | tuple) else [value]
        for name, value in sorted(walk_fields(metadata), key=lambda named: named[0])
    }

    def having(passes: Callable[[Any], bool]) -> list[str]:
        return [name for name, values in every.items() if any(map(passes, values))]

    return {
        FIELDS: having(lambda value: value is not None),
        TRUTHS[True]: having(lambda value: value is True),
        TRUTHS[False]: having(lambda value: value is False),
    }
