"""Where a model wants its instruction: in the source, or as the first words of what it writes."""

from typing import Any, Literal, NamedTuple

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.store.documents import Document
from corpus_tuner.instructions import Instruction

INSTRUCTIONS_IN = "instructions_in"
"""In a model's ``config.json``: ``decoder``, or ``source`` (as if it were not there)."""
TAUGHT = "instructions_taught"
"""In a model's ``config.json``: what a ``decoder`` follows, such as ``question-en``."""


class Prompt(NamedTuple):
    """What a model reads, and the words that its answer begins with (not part of the answer)."""

    source: str
    start: str


class Prompting(NamedTuple):
    """Turns a document and an instruction into a prompt.

    With the instruction in the decoder one reading of the source serves every instruction, and an
    encoder that was never taught instructions can be used as it is.

    Attributes
    ----------
    where
        Where the instruction stands.
    taught
        Instructions that the model follows; nothing if it may follow any.
    """

    where: Literal["source", "decoder"]
    taught: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: Any) -> "Prompting":
        """Return what a model was made for."""
        if getattr(model.config, INSTRUCTIONS_IN, "source") != "decoder":
            return cls("source")
        return cls("decoder", tuple(getattr(model.config, TAUGHT, ())))

    def prompt(self, document: Document, instruction: Instruction) -> Prompt:
        """Return the prompt for a document.

        Raises
        ------
        CorpusTunerError
            If the model was not taught the instruction.
        """
        name = f"{instruction.kind}-{instruction.language}"
        if self.taught and name not in self.taught:
            raise CorpusTunerError(
                f"the generator was not taught to write {name}; it knows {', '.join(self.taught)}: "
                "change generator.kinds, or take another generator"
            )
        if self.where == "source":
            return Prompt(instruction.prompt(document), "")
        title = f"{document.title}\n" if document.title and instruction.kind != "title" else ""
        return Prompt(f"{title}{document.text}", f"{instruction.kind} {instruction.language}:")
