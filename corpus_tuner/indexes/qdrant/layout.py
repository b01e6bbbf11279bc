"""Layout of a collection: points of documents, of the manifest and of terms.

::

    a document      number  63 bits of a hash of its id
                    passage, views, words, ngrams    vectors
                    id, title, text, metadata, views    as the index has them
                    language    that the document was found to be in
                    rows        which of its views every dense vector shows, the passage's first
                    fields, true, false     for filters: which fields have a value, or this one
                    stamp       a hash of all that
                    signature   MinHash of the text, in base64
                    terms       a hash of what its sparse vectors were computed with
    the manifest    number 2**63: format, version, manifest, fields, statistics; written last
    terms           numbers behind that: keys, or frequencies, of 65,536 terms in base64

Sparse vectors have the saturated counts of BM25, and a query's has the idf weights of terms: their
product is the score.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from corpus_tuner.indexes.filters.fields import ID, LANGUAGE, walk_fields
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS, LexicalRanker

FORMAT = "corpus-tuner-qdrant"
VERSION = 3
FIELDS, STAMP, TERMS, SIGNATURE = "fields", "stamp", "terms", "signature"
TRUTHS = {True: "true", False: "false"}
DOCUMENT = (ID, "title", "text", "metadata")
"""Keys of the payload that make a document."""
MANIFEST = 2**63
"""Number of the point of the manifest; those of documents are smaller."""
_KINDS = ("keys", "frequencies")


def hash_text(text: str, more: bytes = b"") -> int:
    """Return a hash of 63 bits; that of its id is the number of a document."""
    made = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    made.update(more)
    return int.from_bytes(made.digest(), "little") >> 1


def number_terms(ranker: LexicalRanker, kind: str, chunk: int) -> int:
    """Return the number of a chunk of terms, given ``keys`` or ``frequencies`` and a position."""
    family = 1 + LEXICAL_RANKERS.index(ranker) * len(_KINDS) + _KINDS.index(kind)
    return MANIFEST + (family << 32) + chunk


def payload_key(field: str) -> str:
    """Return the key of a metadata field in payloads.

    Examples
    --------
    >>> payload_key("author.name")
    'metadata."author"."name"'
    """
    if field in (ID, LANGUAGE):
        return field
    return "metadata" + "".join(f'."{part}"' for part in field.split("."))


def list_fields(metadata: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the fields of a document that have a value, are true, and are false.

    Qdrant treats booleans and empty values in another way.

    Examples
    --------
    >>> list_fields({"year": 1850, "author": {"name": None}, "new": [True], "of": []})
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
