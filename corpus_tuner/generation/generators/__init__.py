"""Generators: documents and an instruction in, texts out.

A file here is a generator: it has ``Settings`` and ``Generator``, which is made from them and the
encoder (`corpus_tuner.core.registry`). If it needs libraries of an extra, ``NEEDS`` names them,
and ``EXTRA`` the extra, where that is not ``build``.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NamedTuple, Protocol, runtime_checkable

from corpus_tuner.core.documents import Document
from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.core.registry import PluginSettings, load_plugin
from corpus_tuner.encoders import Encoder, Span
from corpus_tuner.errors import CorpusTunerError, setting
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import EncodedDocument

_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class Written(NamedTuple):
    """What a generator wrote for one document.

    Attributes
    ----------
    texts
        None, one or several.
    cut
        Whether the document was too long to be read whole.
    spans
        For every text those spans of the document that it is made of; nothing if it is none, and
        always nothing from a generator that invents.
    """

    texts: tuple[str, ...]
    cut: bool = False
    spans: tuple[tuple[Span, ...], ...] = ()


class IncompleteError(CorpusTunerError):
    """A generator had to stop.

    Attributes
    ----------
    written
        Texts that were generated before, by the position of the document.
    """

    def __init__(self, message: str, written: Mapping[int, Written]) -> None:
        super().__init__(message)
        self.written = written


class Generator(Protocol):
    """Writes views of one kind for documents.

    Attributes
    ----------
    identity
        Names all that decides what is written, but for the document and the instruction.
    kinds
        The kinds of views that it is to write.
    invents
        Whether it may write what the document does not say, so that it must be checked.

    A generator that writes few languages also has the attribute `languages`, a tuple of their ISO
    639-1 codes; documents in others are left out.
    """

    identity: str
    kinds: tuple[str, ...]
    invents: bool

    def spans(self, document: Document, language: str) -> list[Span]:
        """Return the spans of a document by whose vectors the generator chooses; it may need none.

        Parameters
        ----------
        document
            Document to read.
        language
            ISO 639-1 code of it.
        """

    def generate(
        self, readings: Sequence[EncodedDocument], instruction: Instruction
    ) -> list[Written]:
        """Write for every document what `instruction` asks.

        What is written for a document depends on it, the instruction and the generator, not
        on the other documents of the call.

        Parameters
        ----------
        readings
            The documents, with the vectors of `spans`.
        instruction
            What to write.
        """


@dataclass
class TokenCount:
    """Numbers of requests and tokens, as a server counts them.

    Attributes
    ----------
    requests
        Number of requests that were answered.
    input
        Number of tokens of prompts.
    cached
        Number of these that the server had in its cache of prompts.
    output
        Number of tokens of answers.
    """

    requests: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0


@runtime_checkable
class PaidGenerator(Generator, Protocol):
    """A generator whose tokens may cost something.

    Attributes
    ----------
    model
        Name of the model.
    max_answer_tokens
        Maximum number of tokens of the answer to a request.
    used
        What it used since it was opened.
    """

    model: str
    max_answer_tokens: int
    used: TokenCount

    def make_prompt(self, document: Document, instruction: Instruction) -> str:
        """Return all text of the request for a document."""

    def price(self, tokens: TokenCount) -> float | None:
        """Return the price of a number of tokens; ``None`` if it is not known."""


def open_generator(settings: PluginSettings, encoder: Encoder) -> Generator:
    """Make the generator that `settings` describe; the encoder is that of what it will be given.

    Raises
    ------
    CorpusTunerError
        If its model cannot be found, or what runs it is not installed.
    """
    check_installed([settings])
    generator: Generator = load_plugin(__name__, settings.name).Generator(settings, encoder)
    return generator


def check_installed(generators: Sequence[PluginSettings]) -> None:
    """Refuse generators that cannot run here; nothing is imported or opened.

    Raises
    ------
    CorpusTunerError
        If a library is missing; the message says what brings it, and what does without.
    """
    for settings in generators:
        module = load_plugin(__name__, settings.name)
        if any(find_spec(name) is None for name in getattr(module, "NEEDS", ())):
            extra = getattr(module, "EXTRA", "build")
            problem = describe_missing_extra(f"the generator {settings.name}", extra)
            raise CorpusTunerError(
                f"{problem}; or do without it: " + setting({"generator": "extractive"})
            )


def writes_language(generator: Generator, language: str) -> bool:
    """Tell whether a generator writes a language, given by its ISO 639-1 code."""
    languages = getattr(generator, "languages", ())
    return not languages or language in languages


def list_generators(
    settings: PluginSettings | Sequence[PluginSettings] | None,
) -> Sequence[PluginSettings]:
    """Return the settings of all generators that a recipe has."""
    if settings is None:
        return ()
    return (settings,) if isinstance(settings, PluginSettings) else settings


def derive_seed(seed: int, instruction: Instruction, source: str) -> int:
    """Return the seed of sampling for a document: 0 to 2**63 - 1."""
    parts = (seed, instruction.kind, instruction.language, source)
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def normalize_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts without white space around and within them, empty ones and repeated ones."""
    lines = (" ".join(text.split()) for text in texts)
    return tuple(dict.fromkeys(line for line in lines if line))


def drop_repeated_keywords(text: str) -> str:
    """Return keywords, separated by semicolons or else by commas, each once.

    Examples
    --------
    >>> drop_repeated_keywords("Mill; river; mill; river; wheat")
    'Mill; river; wheat'
    """
    separator = ";" if ";" in text else ","
    unique: dict[str, str] = {}
    for keyword in map(str.strip, text.split(separator)):
        unique.setdefault(keyword.casefold(), keyword)
    return f"{separator} ".join(filter(None, unique.values()))


def strip_thoughts(text: str) -> str:
    """Return what a model says, without what it thought before."""
    return _THOUGHTS.sub("", text)
