"""Decoder-only language models of transformers and GGUF files as generators."""

from collections.abc import Sequence
from typing import Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from corpus_tuner.core.documents import Document
from corpus_tuner.core.paths import NamesFile
from corpus_tuner.encoders import Encoder
from corpus_tuner.generation.generators import derive_seed, strip_thoughts
from corpus_tuner.generation.generators._language_model import LanguageModelGenerator
from corpus_tuner.generation.models.chat import ChatPrompts, Example
from corpus_tuner.generation.models.engine import LanguageModelSettings, Request
from corpus_tuner.generation.models.gguf import INSTRUCT, SMOLLM2
from corpus_tuner.generation.prompts import Instruction

NEEDS = ("torch", "transformers")


class Settings(LanguageModelSettings):
    """Settings of a decoder-only model.

    Attributes
    ----------
    model
        Name of a model on the Hugging Face hub, or a folder; or a GGUF file: ``smollm2`` (English;
        ``smollm2-instruct`` without its adapters), a path, or ``org/name/file.gguf`` on the hub.
    examples
        Documents with texts by kind, ``{title, text, answers: {question: ...}}``, shown to the
        model before each document (few-shot prompting).
    stop
        Strings that end a text.
    engine
        ``ctranslate2`` runs Qwen3, Gemma 3 and Llama in int8 with `beam` search, ``transformers``
        any decoder-only model. ``auto`` is the former on a CPU where it can run the model, else the
        latter.
    """

    name: Literal["causal"] = "causal"
    model: NamesFile[str] = SMOLLM2
    examples: tuple[Example, ...] = ()
    stop: tuple[str, ...] = ("\n\n",)
    temperature: PositiveFloat = 0.7
    top_k: NonNegativeInt = 20
    beams: PositiveInt = 1
    no_repeat_ngram: NonNegativeInt = 0
    max_source_tokens: PositiveInt = 1024
    batch_size: PositiveInt = 8


class Generator(LanguageModelGenerator):
    """A language model that continues a prompt or a conversation.

    Attributes
    ----------
    languages
        ISO 639-1 codes of those that the model writes, if it writes few.
    """

    _settings: Settings

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        super().__init__(settings, causal=True)
        self.languages: tuple[str, ...] = ("en",) if settings.model in (SMOLLM2, INSTRUCT) else ()
        self._prompts = ChatPrompts(self._tokenizer, settings.max_source_tokens, settings.examples)
        self.identity = f"causal {self._opened} {settings.identity}"

    def _make_request(self, document: Document, instruction: Instruction) -> tuple[Request, bool]:
        tokens, cut = self._prompts.make(document, instruction)
        prefix = self._prompts.find_shared_prefix(instruction)
        has_prefix = tokens[: len(prefix)] == prefix and len(tokens) > len(prefix)
        seed = derive_seed(self._settings.seed, instruction, document.text)
        return Request(tokens, seed, len(prefix) if has_prefix else 0), cut

    def _read_answer(self, answer: Sequence[int]) -> str:
        text = strip_thoughts(super()._read_answer(answer)).lstrip()
        ends = [text.find(stop) for stop in self._settings.stop if stop in text]
        return text[: min(ends)] if ends else text
