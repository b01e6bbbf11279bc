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
from corpus_tuner.encoders import Encoder
from corpus_tuner.generation.generators import derive_seed, strip_thoughts
from corpus_tuner.generation.generators._language_model import LanguageModelGenerator
from corpus_tuner.generation.models.engine import LanguageModelSettings, Request
from corpus_tuner.generation.models.gguf import SMOLLM2
from corpus_tuner.generation.prompts import Instruction, Kind

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
        self.languages: tuple[str, ...] = ("en",) if settings.model == SMOLLM2 else ()
        self._shared_prefix = lru_cache(None)(self._find_shared_prefix)
        self.identity = f"causal {self._opened} {settings.identity}"

    def _make_request(self, document: Document, instruction: Instruction) -> tuple[Request, bool]:
        tokens = self._tokens(document, instruction)
        over = len(tokens) - self._settings.max_source_tokens
        if over > 0:
            own = self._tokenizer(document.text, add_special_tokens=False)["input_ids"]
            # A cut can change how what is left is split; a few tokens are of no account.
            short = self._tokenizer.decode(own[: max(0, len(own) - over)], skip_special_tokens=True)
            tokens = self._tokens(Document(document.id, document.title, short), instruction)
        prefix = self._shared_prefix(instruction)
        has_prefix = tokens[: len(prefix)] == prefix and len(tokens) > len(prefix)
        seed = derive_seed(self._settings.seed, instruction, document.text)
        return Request(tokens, seed, len(prefix) if has_prefix else 0), over > 0

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

    def _read_answer(self, answer: Sequence[int]) -> str:
        text = strip_thoughts(super()._read_answer(answer)).lstrip()
        ends = [text.find(stop) for stop in self._settings.stop if stop in text]
        return text[: min(ends)] if ends else text
