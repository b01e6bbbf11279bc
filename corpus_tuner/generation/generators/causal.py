"""Decoder-only language models of transformers and GGUF files as generators.

Instructions go through the model's own chat template, after examples of question and answer if the
settings have some (few-shot prompting; Brown et al., arXiv 2005.14165).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Literal

from jinja2 import TemplateError
from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveFloat, PositiveInt

from corpus_tuner.core.documents import Document
from corpus_tuner.core.paths import NamesFile
from corpus_tuner.encoders import Encoder, Span
from corpus_tuner.generation.generators import Written, derive_seed, normalize_texts, strip_thoughts
from corpus_tuner.generation.models.engine import LanguageModelSettings, Request
from corpus_tuner.generation.models.gguf_files import SMOLLM2
from corpus_tuner.generation.models.open_causal import open_decoder
from corpus_tuner.generation.prompts import Instruction, Kind
from corpus_tuner.text.document_encoding import EncodedDocument

NEEDS = ("torch", "transformers")


class Example(BaseModel):
    """A document with the texts that a generator should write for it.

    Attributes
    ----------
    title, text
        Title and text of the document.
    answers
        By kind.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    text: str
    answers: dict[Kind, str]


class Settings(LanguageModelSettings):
    """Settings of a decoder-only model.

    Attributes
    ----------
    model
        Name of a model on the Hugging Face hub, or a folder; or a GGUF file: ``smollm2`` (English),
        a path, or ``org/name/file.gguf`` on the hub.
    examples
        Documents with texts by kind, ``{title, text, answers: {question: ...}}``, shown to the
        model before each document (few-shot prompting).
    stop
        Strings that end a text.
    engine
        ``ctranslate2`` runs Qwen3, Gemma 3 and Llama in int8 with `beam` search; ``transformers``
        any decoder-only model; ``llamacpp`` any GGUF file, without `no_repeat_ngram` and with one
        beam. ``auto`` is the first on a CPU where it can run the model, else ``llamacpp`` for a
        GGUF file and ``transformers`` for other models.
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
    engine: Literal["auto", "ctranslate2", "transformers", "llamacpp"] = "auto"


class Generator:
    """A language model that continues a prompt or a conversation.

    Attributes
    ----------
    languages
        ISO 639-1 codes of those that the model writes, if it writes few.
    """

    invents = True

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self._settings = settings
        self.kinds: tuple[str, ...] = settings.kinds
        self.languages: tuple[str, ...] = ("en",) if settings.model == SMOLLM2 else ()
        self._engine, self._tokenizer, opened = open_decoder(settings)
        self._shared_prefix = lru_cache(None)(self._find_shared_prefix)
        self.identity = f"causal {opened} {settings.identity}"

    def spans(self, document: Document, language: str) -> list[Span]:
        """Return none: the model reads for itself."""
        return []

    def generate(
        self, readings: Sequence[EncodedDocument], instruction: Instruction
    ) -> list[Written]:
        """Write for every document what `instruction` asks.

        What is sampled for a document depends on the seed, the instruction and the document.
        """
        prompts = [self._prompt(reading.document, instruction) for reading in readings]
        prefix = self._shared_prefix(instruction)
        requests = [
            Request(
                tokens,
                derive_seed(self._settings.seed, instruction, reading.document.text),
                len(prefix) if tokens[: len(prefix)] == prefix and len(tokens) > len(prefix) else 0,
            )
            for (tokens, _), reading in zip(prompts, readings, strict=True)
        ]
        answers = self._engine.write(requests, self._settings)
        return [
            Written(normalize_texts(map(self._text, answer)), cut)
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

    def _find_shared_prefix(self, instruction: Instruction) -> list[int]:
        """Return the tokens that the prompts of an instruction begin with, whatever the document.

        They depend on the instruction only, so that engines may compute their states once.
        """
        probes = (Document("", "", "a b"), Document("", "1 2", "0 1"))
        first, second = (self._tokens(one, instruction) for one in probes)
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
        return [token for token, _ in alike]

    def _tokens(self, document: Document, instruction: Instruction) -> list[int]:
        prompt = instruction.prompt(document)
        shown = [
            (instruction.prompt(Document("", one.title, one.text)), answer)
            for one in self._settings.examples
            for kind, answer in one.answers.items()
            if kind == instruction.kind
        ]
        if not self._tokenizer.chat_template:
            before = f"{instruction.system}\n\n" if instruction.system else ""
            turns = "".join(f"{turn}\n{answer}\n\n" for turn, answer in shown)
            tokens: list[int] = self._tokenizer(f"{before}{turns}{prompt}\n")["input_ids"]
            return tokens
        messages = [
            {"role": role, "content": content}
            for turn in shown
            for role, content in zip(("user", "assistant"), turn, strict=True)
        ]
        messages.append({"role": "user", "content": prompt})
        if not instruction.system:
            return self._chat(messages)
        try:
            return self._chat([{"role": "system", "content": instruction.system}, *messages])
        except TemplateError:  # of a template that knows no such role
            first = f"{instruction.system}\n\n{messages[0]['content']}"
            return self._chat([{"role": "user", "content": first}, *messages[1:]])

    def _chat(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        tokens: list[int] = self._tokenizer.apply_chat_template(
            list(messages),
            add_generation_prompt=True,
            enable_thinking=False,  # as Qwen3 takes it; other templates do not look at it
            return_dict=False,
        )
        return tokens

    def _text(self, answer: Sequence[int]) -> str:
        text = strip_thoughts(self._tokenizer.decode(answer, skip_special_tokens=True)).lstrip()
        ends = [text.find(stop) for stop in self._settings.stop if stop in text]
        return text[: min(ends)] if ends else text
