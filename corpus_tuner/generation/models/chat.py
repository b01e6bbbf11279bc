"""Prompts of decoder-only models: instruction and document in the model's own chat template."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile
from typing import Any

from jinja2 import TemplateError
from pydantic import BaseModel, ConfigDict

from corpus_tuner.core.documents import Document
from corpus_tuner.generation.prompts import Instruction, Kind


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


class ChatPrompts:
    """Makes prompts, as token ids; a document that is too long is cut, the instruction never.

    Parameters
    ----------
    tokenizer
        Tokenizer of transformers; without a chat template, turns are separated by empty lines.
    max_tokens
        Maximum number of tokens of a prompt, about.
    examples
        Earlier turns of the conversation (few-shot prompting; Brown et al., arXiv 2005.14165).
    """

    def __init__(self, tokenizer: Any, max_tokens: int, examples: Sequence[Example] = ()) -> None:
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._examples = examples
        self.find_shared_prefix = lru_cache(None)(self._find_shared_prefix)

    def make(self, document: Document, instruction: Instruction) -> tuple[list[int], bool]:
        """Return a prompt, and whether the document was cut for it."""
        tokens = self._tokenize(document, instruction)
        over = len(tokens) - self._max_tokens
        if over > 0:
            own = self._tokenizer(document.text, add_special_tokens=False)["input_ids"]
            # A cut can change how what is left is split; a few tokens are of no account.
            short = self._tokenizer.decode(own[: max(0, len(own) - over)], skip_special_tokens=True)
            tokens = self._tokenize(replace(document, text=short), instruction)
        return tokens, over > 0

    def _find_shared_prefix(self, instruction: Instruction) -> list[int]:
        """Return the tokens that the prompts of an instruction begin with, whatever the document.

        They depend on the instruction only, so that engines may compute their states once.
        """
        probes = (Document("", "", "a b"), Document("", "1 2", "0 1"))
        first, second = (self._tokenize(one, instruction) for one in probes)
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
        return [token for token, _ in alike]

    def _tokenize(self, document: Document, instruction: Instruction) -> list[int]:
        prompt = instruction.prompt(document)
        shown = [
            (instruction.prompt(Document("", one.title, one.text)), answer)
            for one in self._examples
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
