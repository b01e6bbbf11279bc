"""What generators with a language model in this process have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from corpus_tuner.core.documents import Document
from corpus_tuner.encoders import Span
from corpus_tuner.generation.generators import Written, normalize_texts
from corpus_tuner.generation.models.engine import LanguageModelSettings, Request
from corpus_tuner.generation.models.open_model import open_model
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import EncodedDocument


class LanguageModelGenerator(ABC):
    """Prompts a language model, and reads its answers."""

    invents = True

    def __init__(self, settings: LanguageModelSettings, *, causal: bool) -> None:
        self._settings = settings
        self.kinds: tuple[str, ...] = settings.kinds
        self._engine, self._tokenizer, self._opened = open_model(settings, causal=causal)

    def spans(self, document: Document, language: str) -> list[Span]:
        """Return none: the model reads for itself."""
        return []

    def generate(
        self, readings: Sequence[EncodedDocument], instruction: Instruction
    ) -> list[Written]:
        """Write for every document what `instruction` asks.

        What is sampled for a document depends on the seed, the instruction and the document.
        """
        prompts = [self._make_request(reading.document, instruction) for reading in readings]
        answers = self._engine.write([request for request, _ in prompts], self._settings)
        return [
            Written(normalize_texts(map(self._read_answer, answer)), cut)
            for answer, (_, cut) in zip(answers, prompts, strict=True)
        ]

    @abstractmethod
    def _make_request(self, document: Document, instruction: Instruction) -> tuple[Request, bool]:
        """Return the prompt for a document, and whether the document was cut for it."""

    def _read_answer(self, answer: Sequence[int]) -> str:
        """Return the text of an answer, given as token ids."""
        text: str = self._tokenizer.decode(answer, skip_special_tokens=True)
        return text
