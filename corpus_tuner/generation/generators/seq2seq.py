"""Any encoder-decoder of transformers as a generator: FLAN-T5, mT5, BART and their kin."""

from collections.abc import Sequence
from typing import Any, Literal

from corpus_tuner.core.documents import Document
from corpus_tuner.core.paths import NamesFile
from corpus_tuner.encoders import Encoder, Span
from corpus_tuner.generation.generators import Written, derive_seed, normalize_texts
from corpus_tuner.generation.models import Source, choose_device, load_model
from corpus_tuner.generation.models.engine import Engine, LanguageModelSettings, Request
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import EncodedDocument

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
    engine: Literal["auto", "ctranslate2", "transformers"] = "auto"


class Generator:
    """A sequence-to-sequence language model that follows instructions."""

    invents = True

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        from corpus_tuner.encoders.model_weights import hash_weights

        self._settings = settings
        self.kinds: tuple[str, ...] = settings.kinds
        device = choose_device(settings.device)
        source = Source(settings.model, settings.revision, settings.trust_remote_code)
        model, self._tokenizer = load_model(source, device, settings.dtype)
        weights = hash_weights(model)
        engine = _choose(settings, model, device)
        self._engine = _open(engine, model, self._tokenizer, weights)
        self.identity = f"seq2seq by-document {weights[:16]} {engine} {settings.identity}"

    def spans(self, document: Document, language: str) -> list[Span]:
        """Return none: the model reads for itself."""
        return []

    def generate(
        self, readings: Sequence[EncodedDocument], instruction: Instruction
    ) -> list[Written]:
        """Write for every document what `instruction` asks.

        What is sampled for a document depends on the seed, the instruction and the document.
        """
        sources = [instruction.prompt(reading.document) for reading in readings]
        read: list[list[int]] = self._tokenizer(sources, verbose=False)["input_ids"]
        most = self._settings.max_source_tokens
        cut = [len(tokens) > most for tokens in read]
        if any(cut):  # again, since marks stand at the end as well
            read = self._tokenizer(sources, truncation=True, max_length=most)["input_ids"]
        requests = [
            Request(tokens, derive_seed(self._settings.seed, instruction, source))
            for tokens, source in zip(read, sources, strict=True)
        ]
        answers = self._engine.write(requests, self._settings)
        return [
            Written(normalize_texts(self._texts(answer)), was_cut)
            for answer, was_cut in zip(answers, cut, strict=True)
        ]

    def _texts(self, answers: list[list[int]]) -> list[str]:
        texts: list[str] = self._tokenizer.batch_decode(answers, skip_special_tokens=True)
        return texts


def _choose(settings: Settings, model: Any, device: str) -> str:
    """Return the name of the engine."""
    from corpus_tuner.generation.models.seq2seq_ctranslate2 import MODEL_TYPES

    if settings.engine != "auto":
        return settings.engine
    fits = device == "cpu" and model.config.model_type in MODEL_TYPES
    return "ctranslate2" if fits else "transformers"


def _open(engine: str, model: Any, tokenizer: Any, weights: str) -> Engine:
    if engine == "transformers":
        from corpus_tuner.generation.models.seq2seq_transformers import TransformersEngine

        return TransformersEngine(model, tokenizer)
    from corpus_tuner.generation.models.seq2seq_ctranslate2 import CTranslate2Engine, convert_cached

    return CTranslate2Engine(convert_cached(model, tokenizer, weights), tokenizer)
