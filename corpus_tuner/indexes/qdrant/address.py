"""Addresses of collections, given instead of the folder of an index."""

import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from corpus_tuner.errors import SearchIndexError

Kind = Literal["server", "local"]
_SCHEMES = re.compile(r"(qdrant|qdrants):")
_COLLECTION = re.compile(r"[\w.-]{1,255}")
_PORT = 6333
_FORMS = (
    "qdrant://HOST[:PORT]/COLLECTION for a server, qdrants:// where it speaks TLS, "
    "or qdrant:FOLDER/COLLECTION for the client's local mode"
)


class Address(NamedTuple):
    """Where a collection is.

    Attributes
    ----------
    kind
        ``server``, or ``local`` for a folder of the local mode of qdrant-client.
    location
        URL of the server, or the folder.
    collection
        Name of the collection.
    text
        Address as it was given.
    """

    kind: Kind
    location: str
    collection: str
    text: str

    def __str__(self) -> str:
        return self.text


def is_address(value: object) -> bool:
    """Tell whether a value is meant as an address, and not as a folder.

    Examples
    --------
    >>> is_address("qdrant://localhost/abstracts"), is_address("my-index")
    (True, False)
    """
    return isinstance(value, str) and _SCHEMES.match(value) is not None


def parse_address(text: str) -> Address:
    """Read an address.

    Raises
    ------
    SearchIndexError
        If it is none, or has a password in it.

    Examples
    --------
    >>> parse_address("qdrant://localhost/abstracts").location
    'http://localhost:6333'
    >>> parse_address("qdrant:data/abstracts")[:3]
    ('local', 'data', 'abstracts')
    """
    scheme, _, rest = text.partition(":")
    if rest.startswith("//"):
        return _parse_server(text, scheme)
    folder, _, collection = rest.rpartition("/")
    if not folder or scheme == "qdrants" or not _COLLECTION.fullmatch(collection):
        raise SearchIndexError(f"{text} is no address of a collection: give {_FORMS}")
    return Address("local", folder, collection, text)


def _parse_server(text: str, scheme: str) -> Address:
    try:
        parts = urlsplit(text)
        port = parts.port or _PORT
    except ValueError as error:
        raise SearchIndexError(f"{text} is no address: {error}") from error
    if parts.password or parts.username:
        raise SearchIndexError(
            "a key does not belong into an address, where others see it: set QDRANT_API_KEY"
        )
    collection = parts.path.removeprefix("/")
    if not parts.hostname or not _COLLECTION.fullmatch(collection) or parts.query or parts.fragment:
        raise SearchIndexError(f"{text} is no address of a collection: give {_FORMS}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    protocol = "https" if scheme == "qdrants" else "http"
    return Address("server", f"{protocol}://{host}:{port}", collection, text)
