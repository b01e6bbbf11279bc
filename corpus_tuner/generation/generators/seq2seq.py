"""Any encoder-decoder of transformers as a generator: FLAN-T5, mT5, BART and their kin."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from corpus_tuner.core.documents import Document
from corpus_tuner.core.paths import NamesFile
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Encoder, Span
from corpus_tuner.generation.generators import Written, derive_seed, normalize_texts
from corpus_tuner.generation.models import Source, choose_device, load_model
from corpus_tuner.generation.models.decoding import Engine, Request, read_decoding
from corpus_tuner.generation.prompts import Instruction, Kind
from corpus_tuner.text.document_encoding import EncodedDocument

NEEDS = ("torch", "transformers")


class Settings(PluginSettings):
    """Which model, and how it writes.

    Attributes
    ----------
    model
        Hub name or folder.
    revision
        Commit, tag or branch on the hub.
    kinds
        The kinds of views to write, each with an instruction.
    outputs
        Texts for each document and instruction; alike ones count once.
    decoding
        ``sampling`` (with `temperature`, `top_p`, `top_k`) or ``beam`` (with `beams`).
    no_repeat_ngram
        No sequence of so many tokens comes twice in a text; 0 for no such rule.
    max_source_tokens
        Longer prompts are cut, and counted.
    max_new_tokens
        The longest text.
    seed
        From which, with the document and the instruction, each document's seed of sampling is made.
    batch_size
        Documents in one pass; when sampling on a CPU, every document has its own.
    engine
        ``ctranslate2`` runs T5, mT5 and BART in int8, ``transformers`` runs any encoder-decoder.
        ``auto`` is the former on a CPU where it can, else the latter.
    dtype
        The numbers that transformers computes with. ``auto`` is what the weights are stored in on
        a GPU, float32 elsewhere.
    device
        ``auto`` takes a GPU where there is one.
    trust_remote_code
        Run Python that comes with the model.
    """

    name: Literal["seq2seq"] = "seq2seq"
    model: NamesFile[str] = "google/flan-t5-base"
    revision: str | None = None
    kinds: tuple[Kind, ...] = ("question", "keywords")
    outputs: PositiveInt = 1
    decoding: Literal["sampling", "beam"] = "sampling"
    temperature: PositiveFloat = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    top_k: NonNegativeInt = 50
    beams: PositiveInt = 4
    no_repeat_ngram: NonNegativeInt = 3
    max_source_tokens: PositiveInt = 512
    max_new_tokens: PositiveInt = 64
    seed: NonNegativeInt = 0
    batch_size: PositiveInt = 16
    engine: Literal["auto", "ctranslate2", "transformers"] = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    trust_remote_code: bool = False


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
        described = settings.model_dump_json(exclude={"kinds", "batch_size", "device", "engine"})
        self.identity = f"seq2seq by-document {weights[:16]} {engine} {described}"

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
        answers = self._engine.write(requests, read_decoding(self._settings))
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
