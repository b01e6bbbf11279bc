"""Any encoder-decoder of transformers as a generator: FLAN-T5, mT5, BART and their kin."""

from typing import Literal

from corpus_tuner.core.documents import Document
from corpus_tuner.core.paths import NamesFile
from corpus_tuner.encoders import Encoder
from corpus_tuner.generation.generators import derive_seed
from corpus_tuner.generation.generators._language_model import LanguageModelGenerator
from corpus_tuner.generation.models.engine import LanguageModelSettings, Request
from corpus_tuner.generation.prompts import Instruction

NEEDS = ("torch", "transformers")


class Settings(LanguageModelSettings):
    """Settings of an encoder-decoder.

    Attributes
    ----------
    engine
        ``ctranslate2`` runs T5, mT5 and BART in int8, ``transformers`` any encoder-decoder.
        ``auto`` is the former on a CPU where it can run the model, else the latter.
    """

    name: Literal["seq2seq"] = "seq2seq"
    model: NamesFile[str] = "google/flan-t5-base"


class Generator(LanguageModelGenerator):
    """A sequence-to-sequence language model that follows instructions."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        super().__init__(settings, causal=False)
        self.identity = f"seq2seq by-document {self._opened} {settings.identity}"

    def _make_request(self, document: Document, instruction: Instruction) -> tuple[Request, bool]:
        source = instruction.prompt(document)
        tokens = self._tokenizer(source, verbose=False)["input_ids"]
        most = self._settings.max_source_tokens
        cut = len(tokens) > most
        if cut:  # again, since marks stand at the end as well
            tokens = self._tokenizer(source, truncation=True, max_length=most)["input_ids"]
        return Request(tokens, derive_seed(self._settings.seed, instruction, source)), cut
