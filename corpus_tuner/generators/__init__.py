"""Generators: documents and an instruction in, texts out.

A file here is a generator: it holds ``Settings`` (a frozen model with the field ``name``) and
``Generator``, which is made from them and the encoder.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel

from corpus_tuner.instructions import Instruction
from indexes.documents import Document
from indexes.encoders import Encoder
from indexes.registry import part


class Written(NamedTuple):
    """What a generator wrote for one document.

    Attributes
    ----------
    texts
        None, one or several.
    scores
        One for each text, higher being better; ``None`` where it has no opinion.
    cut
        Whether the document was too long to be read whole.
    """

    texts: tuple[str, ...]
    scores: tuple[float | None, ...]
    cut: bool = False


class Generator(Protocol):
    """Writes views of one kind for documents.

    Attributes
    ----------
    identity
        Names all that decides what is written, but for the document and the instruction.
    kinds
        The kinds of views that it is to write.
    """

    identity: str
    kinds: tuple[str, ...]

    def generate(self, documents: Sequence[Document], instruction: Instruction) -> list[Written]:
        """Write for each document what `instruction` asks."""


def read_settings(values: dict[str, Any]) -> BaseModel:
    """Read the settings of the generator that ``values["name"]`` names.

    Raises
    ------
    ValueError
        If there is none of that name, or a value does not fit.
    """
    settings: type[BaseModel] = part(__name__, str(values.get("name"))).Settings
    return settings.model_validate(values)


def open_generator(settings: BaseModel, encoder: Encoder) -> Generator:
    """Make the generator that `settings` describe.

    Raises
    ------
    CorpusTunerError
        If its model cannot be found.
    """
    name: str = settings.name  # type: ignore[attr-defined]
    generator: Generator = part(__name__, name).Generator(settings, encoder)
    return generator
