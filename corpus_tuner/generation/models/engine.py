"""Settings of generators with a language model, and the interface of the engines that run one."""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple, Protocol

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from corpus_tuner.core.paths import NamesFile
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.generation.prompts import Kind


class LanguageModelSettings(PluginSettings):
    """Settings of a generator with a language model.

    Attributes
    ----------
    model
        Name of a model on the Hugging Face hub, or a folder.
    revision
        Commit, tag or branch on the hub.
    kinds
        Kinds of views to generate, each with an instruction.
    outputs
        Number of texts for each document and instruction; duplicates count once.
    decoding
        ``sampling`` (with `temperature`, `top_p`, `top_k`); ``beam`` search (with `beams`); or, for
        decoder-only models, ``alternatives``: texts that begin with the most probable first tokens,
        each continued greedily.
    temperature
        Temperature of sampling.
    top_p
        Probability mass of nucleus sampling.
    top_k
        Number of the most probable tokens to sample from; 0 for all.
    beams
        Number of beams; 1 for greedy decoding.
    no_repeat_ngram
        Length of token n-grams that do not occur twice in a text; 0 for no limit.
    max_source_tokens
        Maximum number of tokens of a prompt; longer documents are truncated and counted.
    max_new_tokens
        Maximum number of tokens of a text.
    seed
        Random seed, from which the seed of each document and instruction is derived.
    batch_size
        Number of documents in a batch; sampling on a CPU takes one at a time.
    engine
        Library that runs the model.
    dtype
        Data type in transformers. ``auto`` is that of the stored weights on a GPU, and float32
        elsewhere and for GGUF files.
    device
        Device of PyTorch; ``auto`` takes a GPU if there is one.
    trust_remote_code
        Run Python code of the model.
    """

    model: NamesFile[str]
    revision: str | None = None
    kinds: tuple[Kind, ...] = ("question", "keywords")
    outputs: PositiveInt = 1
    decoding: Literal["sampling", "beam", "alternatives"] = "sampling"
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

    @property
    def beam_width(self) -> int:
        """Number of beams that the search needs; 0 for sampling."""
        if self.decoding == "alternatives":
            return 1
        return max(self.beams, self.outputs) if self.decoding == "beam" else 0

    @property
    def identity(self) -> str:
        """Settings that decide the generated texts, as JSON."""
        return self.model_dump_json(exclude={"kinds", "batch_size", "device", "engine"})


class Request(NamedTuple):
    """A prompt of a model.

    Attributes
    ----------
    source
        Token ids of the prompt.
    seed
        Seed of sampling, 0 to 2**63 - 1.
    shared
        Number of leading tokens that all prompts of the instruction share: an engine may compute
        their states once.
    """

    source: list[int]
    seed: int
    shared: int = 0


Answers = list[list[list[int]]]
"""Texts of each request, as token ids."""


class Engine(Protocol):
    """Runs a model."""

    def write(self, requests: Sequence[Request], settings: LanguageModelSettings) -> Answers:
        """Return `outputs` texts for each request, as token ids.

        The texts of a request depend on it and the settings, not on the other requests of
        the call or their order. On a CPU they are equal to the token; on a GPU, where requests of
        a batch are padded to one length, the last digits of a probability may differ, and with
        them, rarely, a token.
        """
