"""Where a model wants its instruction: in the source, or as the first words of what it writes."""

from typing import Any, Literal, NamedTuple

from corpus_tuner.instructions import Instruction
from indexes.documents import Document

CONFIG_KEY = "instructions_in"
"""In a model's ``config.json``: ``decoder``, or ``source`` (as if it were not there)."""


class Prompt(NamedTuple):
    """What a model reads, and the words that its answer begins with (not part of the answer)."""

    source: str
    start: str


class Prompting(NamedTuple):
    """Turns a document and an instruction into a prompt.

    With the instruction in the decoder one reading of the source serves every instruction, and an
    encoder that was never taught instructions can be used as it is.
    """

    place: Literal["source", "decoder"]

    @classmethod
    def of(cls, model: Any) -> "Prompting":
        """Return what a model was made for."""
        place = getattr(model.config, CONFIG_KEY, "source")
        return cls("decoder" if place == "decoder" else "source")

    def prompt(self, document: Document, instruction: Instruction) -> Prompt:
        """Return the prompt for a document."""
        if self.place == "source":
            return Prompt(instruction.prompt(document), "")
        title = f"{document.title}\n" if document.title and instruction.kind != "title" else ""
        return Prompt(f"{title}{document.text}", f"{instruction.kind} {instruction.language}:")
