"""Access tokens: a file with their hashes, each with a name, rights and a filter.

A token is 256 random bits, so that a plain SHA-256 cannot be guessed back.
"""

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.filters import compile_filter, parse_filters

Right = Literal["read", "write"]
Restriction = str | dict[str, Any]
"""Filter of a token, as text or JSON."""
_PREFIX = "ct-"  # by which scanners for secrets know one
_KEY = "token"
_log = logging.getLogger(__name__)


class Token(BaseModel):
    """A token, as its line in a file describes it.

    Attributes
    ----------
    name
        Name in messages.
    sha256
        SHA-256 of the token, hexadecimal.
    rights
        Whether it may ``read``, and ``write``: add and remove documents.
    filter
        Filter that its documents pass; others do not exist for it.

    Examples
    --------
    >>> Token(name="web", sha256="0" * 64, filter="team=web").rights
    ('read',)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    rights: Annotated[tuple[Right, ...], Field(min_length=1)] = ("read",)
    filter: Restriction | None = None

    @model_validator(mode="after")
    def _check_filter(self) -> "Token":
        if self.filter is not None:
            text = self.filter
            compile_filter(parse_filters([text]) if isinstance(text, str) else text)
            if "write" in self.rights:
                # All documents share their ids, and writing would show which exist.
                raise ValueError("a token with a filter has only the right to read")
        return self


class TokenFile:
    """Tokens of a file, one JSON object a line; the file is read again when it has changed.

    Parameters
    ----------
    path
        The file, which only its owner may read.

    Raises
    ------
    CorpusTunerError
        If the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = self._get_state()
        self._tokens = read_tokens(path)

    def __iter__(self) -> Iterator[Token]:
        return iter(self._tokens.values())

    def find(self, secret: str) -> Token | None:
        """Return the token of this text; ``None`` if there is none.

        While the file cannot be used, no token is valid.
        """
        state = self._get_state()
        if state != self._state:
            self._state, self._tokens = state, {}
            try:
                self._tokens = read_tokens(self._path)
            except CorpusTunerError as error:
                _log.error("no token is valid: %s", error)
        return self._tokens.get(_hash(secret))

    def _get_state(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


def read_tokens(path: Path) -> dict[str, Token]:
    """Return the tokens of a file, by their hashes.

    Raises
    ------
    CorpusTunerError
        If there is no such file, others than its owner may read it, or a line is no token.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CorpusTunerError(
            f"cannot read the tokens in {path}: {reason}; corpus-tuner token makes such a file"
        ) from error
    if os.name == "posix" and mode & 0o077:
        raise CorpusTunerError(
            f"{path} can be read or changed by others than its owner: chmod 600 {path}"
        )
    tokens: dict[str, Token] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            token = Token.model_validate_json(line)
        except ValidationError as error:
            reason = _explain(error)
            raise CorpusTunerError(f"{path}, line {number} is no token: {reason}") from error
        if any(token.name == other.name for other in tokens.values()):
            raise CorpusTunerError(f"{path}, line {number}: another token is called {token.name!r}")
        tokens[token.sha256] = token
    return tokens


def add_token(
    path: Path, name: str, rights: tuple[Right, ...] = ("read",), filter: str | None = None
) -> str:
    """Make a token, append it to a file, hashed, and return it.

    Raises
    ------
    CorpusTunerError
        If the file cannot be used, or has a token of this name.

    Examples
    --------
    >>> file = example_output.with_name("tokens.jsonl")
    >>> token = add_token(file, "web", filter="team=web")
    >>> found = TokenFile(file).find(token)
    >>> found.name, found.filter
    ('web', 'team=web')
    """
    exists = path.exists()
    known = read_tokens(path) if exists else {}
    if any(token.name == name for token in known.values()):
        raise CorpusTunerError(f"{path} has a token called {name!r}: remove its line first")
    secret = _PREFIX + secrets.token_urlsafe(32)
    entry = {"name": name, "sha256": _hash(secret), "rights": rights, "filter": filter}
    try:
        Token.model_validate(entry)
    except ValidationError as error:
        raise CorpusTunerError(_explain(error)) from error
    line = json.dumps({key: value for key, value in entry.items() if value}, ensure_ascii=False)
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    start = "\n" if exists and path.read_bytes()[-1:] not in (b"", b"\n") else ""
    with os.fdopen(opened, "a", encoding="utf-8") as file:
        file.write(f"{start}{line}\n")
    return secret


def store_token(scope: MutableMapping[str, Any], token: Token) -> None:
    """Store the token of a request with its ASGI scope."""
    scope.setdefault("state", {})[_KEY] = token


def get_token(scope: MutableMapping[str, Any]) -> Token | None:
    """Return the token of a request; ``None`` where none is needed."""
    token: Token | None = scope.get("state", {}).get(_KEY)
    return token


def _explain(error: ValidationError) -> str:
    """Return the first reason, without the value, which may be a token."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    reason = first["msg"].removeprefix("Value error, ")
    return f"{where}: {reason}" if where else reason


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
