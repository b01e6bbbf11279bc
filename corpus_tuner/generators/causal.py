"""Any decoder-only model of transformers as a generator: Qwen, Gemma, SmolLM, EuroLLM and kin.

Instructions are given as the model was taught to take them, by its own chat template.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generators import Written, seed_of, tidy, without_thoughts
from corpus_tuner.indexes.encoders import Encoder, Span
from corpus_tuner.indexes.registry import PartSettings
from corpus_tuner.indexes.store.documents import Document
from corpus_tuner.instructions import Instruction, Kind
from corpus_tuner.models import Source, device_of, load_model
from corpus_tuner.models.writing import Engine, Request, decoding_of
from corpus_tuner.reading import Reading

NEEDS = ("torch", "transformers")


class Settings(PartSettings):
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
        ``sampling`` (with `temperature`, `top_p`, `top_k`) or ``beam`` (with `beams`; 1 takes the
        likeliest token every time).
    no_repeat_ngram
        No sequence of so many tokens comes twice in prompt and text; 0 for no such rule.
    stop
        A text ends before the first of these.
    max_source_tokens
        Of a prompt: longer documents are cut, and counted; the instruction never is.
    max_new_tokens
        The longest text.
    seed
        From which, with the document and the instruction, each document's seed of sampling is made.
    batch_size
        Documents in one pass; where transformers runs on a CPU, every document has its own, and
        vLLM chooses for itself.
    engine
        ``ctranslate2`` runs Qwen3, Gemma 3 and Llama in int8 by `beam`, ``transformers`` runs any
        decoder. ``auto`` is the former on a CPU where it can, else the latter. ``vllm`` runs most
        decoders on a GPU, with no `no_repeat_ngram` and no more `beams` than 1.
    gpu_memory
        The share of the GPU's memory that vLLM takes.
    dtype
        The numbers that transformers and vLLM compute with. ``auto`` is what the weights are
        stored in on a GPU, float32 elsewhere.
    device
        ``auto`` takes a GPU where there is one.
    trust_remote_code
        Run Python that comes with the model.
    """

    name: Literal["causal"] = "causal"
    model: str
    revision: str | None = None
    kinds: tuple[Kind, ...] = ("question", "keywords")
    outputs: PositiveInt = 1
    decoding: Literal["sampling", "beam"] = "sampling"
    temperature: PositiveFloat = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    top_k: NonNegativeInt = 20
    beams: PositiveInt = 1
    no_repeat_ngram: NonNegativeInt = 0
    stop: tuple[str, ...] = ("\n\n",)
    max_source_tokens: PositiveInt = 1024
    max_new_tokens: PositiveInt = 64
    seed: NonNegativeInt = 0
    batch_size: PositiveInt = 8
    engine: Literal["auto", "ctranslate2", "transformers", "vllm"] = "auto"
    gpu_memory: Annotated[float, Field(gt=0, le=1)] = 0.9
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    trust_remote_code: bool = False


class Generator:
    """A language model that chats."""

    invents = True

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self._settings = settings
        self.kinds: tuple[str, ...] = settings.kinds
        self._engine, self._tokenizer, what = _open(settings)
        running = {"kinds", "batch_size", "device", "engine", "gpu_memory"}
        described = settings.model_dump_json(exclude=running)
        self.identity = f"causal {what} {described}"

    def spans(self, document: Document, language: str) -> list[Span]:
        """Return none: the model reads for itself."""
        return []

    def generate(self, readings: Sequence[Reading], instruction: Instruction) -> list[Written]:
        """Write for every document what `instruction` asks.

        What is sampled for a document depends on the seed, the instruction and the document.
        """
        prompts = [self._prompt(reading.document, instruction) for reading in readings]
        requests = [
            Request(tokens, [], seed_of(self._settings.seed, instruction, reading.document.text))
            for (tokens, _), reading in zip(prompts, readings, strict=True)
        ]
        answers = self._engine.write(requests, decoding_of(self._settings))
        return [
            Written(tidy(map(self._text, answer)), cut)
            for answer, (_, cut) in zip(answers, prompts, strict=True)
        ]

    def _prompt(self, document: Document, instruction: Instruction) -> tuple[list[int], bool]:
        """Return the tokens of a prompt, and whether the document had to be cut for it."""
        tokens = self._tokens(document, instruction)
        over = len(tokens) - self._settings.max_source_tokens
        if over <= 0:
            return tokens, False
        own = self._tokenizer(document.text, add_special_tokens=False)["input_ids"]
        # Where a cut falls can change how what is left is split; a few tokens are of no account.
        short = self._tokenizer.decode(own[: max(0, len(own) - over)], skip_special_tokens=True)
        return self._tokens(Document(document.id, document.title, short), instruction), True

    def _tokens(self, document: Document, instruction: Instruction) -> list[int]:
        asked = instruction.prompt(document)
        if not self._tokenizer.chat_template:
            before = f"{instruction.system}\n\n" if instruction.system else ""
            tokens: list[int] = self._tokenizer(f"{before}{asked}\n")["input_ids"]
            return tokens
        system = [{"role": "system", "content": instruction.system}] if instruction.system else []
        try:
            return self._chat([*system, {"role": "user", "content": asked}])
        except Exception:  # a template that knows no such role raises whatever it likes
            if not system:
                raise
            return self._chat([{"role": "user", "content": f"{instruction.system}\n\n{asked}"}])

    def _chat(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        tokens: list[int] = self._tokenizer.apply_chat_template(
            list(messages),
            add_generation_prompt=True,
            enable_thinking=False,  # as Qwen3 takes it; other templates do not look at it
            return_dict=False,
        )
        return tokens

    def _text(self, answer: Sequence[int]) -> str:
        text = without_thoughts(self._tokenizer.decode(answer, skip_special_tokens=True)).lstrip()
        ends = [text.find(stop) for stop in self._settings.stop if stop in text]
        return text[: min(ends)] if ends else text


def _open(settings: Settings) -> tuple[Engine, Any, str]:
    """Return what runs the model, its tokenizer, and what tells weights and engine from others."""
    source = Source(settings.model, settings.revision, settings.trust_remote_code)
    from corpus_tuner.indexes.encoders.weights import hash_weights

    device = device_of(settings.device)
    model, tokenizer = load_model(source, device, settings.dtype, causal=True)
    weights = hash_weights(model)
    engine = _choose(settings, model, device)
    return _engine(engine, model, tokenizer, weights), tokenizer, f"{weights[:16]} {engine}"


def _choose(settings: Settings, model: Any, device: str) -> str:
    """Return the name of the engine.

    Raises
    ------
    CorpusTunerError
        If CTranslate2 is wanted, and cannot sample a document by itself.
    """
    from corpus_tuner.models.causal_fast import MODEL_TYPES

    sampled = settings.decoding == "sampling"
    if settings.engine == "ctranslate2" and sampled:
        raise CorpusTunerError(
            "generator.engine=ctranslate2 does not sample from decoder-only models: set "
            "generator.decoding=beam, or generator.engine=transformers"
        )
    if settings.engine != "auto":
        return settings.engine
    fits = device == "cpu" and model.config.model_type in MODEL_TYPES and not sampled
    return "ctranslate2" if fits else "transformers"


def _engine(name: str, model: Any, tokenizer: Any, weights: str) -> Engine:
    if name == "transformers":
        from corpus_tuner.models.causal import CausalEngine

        return CausalEngine(model, tokenizer)
    from corpus_tuner.models.causal_fast import CTranslate2CausalEngine
    from corpus_tuner.models.fast import converted

    ends = model.generation_config.eos_token_id
    return CTranslate2CausalEngine(
        converted(model, tokenizer, weights), tokenizer, ends if isinstance(ends, list) else [ends]
    )
