"""A server that speaks OpenAI's protocol as a generator: vLLM, llama.cpp, Ollama, TGI, paid ones.

The extra ``endpoint`` brings OpenAI's client, which tries again what fails for a while: with
jitter, or after as long as the server asks for.
"""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from threading import Lock
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, field_validator

from corpus_tuner.core.arguments import is_utf8
from corpus_tuner.core.documents import Document
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Encoder, Span
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.generators import (
    IncompleteError,
    TokenCount,
    Written,
    derive_seed,
    normalize_texts,
    strip_thoughts,
)
from corpus_tuner.generation.prompts import Instruction, Kind
from corpus_tuner.text.document_encoding import EncodedDocument

NEEDS = ("openai",)
EXTRA = "endpoint"

_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "texts",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"texts": {"type": "array", "items": {"type": "string"}}},
            "required": ["texts"],
            "additionalProperties": False,
        },
    },
}
_NOT_DECISIVE = {
    *("url", "key", "kinds", "concurrency", "retries", "timeout"),
    *("budget_tokens", "input_price", "output_price"),
}
"""Settings that do not decide what is written for an instruction."""
_MOST_UNSTRUCTURED = 8
"""Answers without JSON after which a server is thought to take no schema."""
_UNSTRUCTURED = "Set generator.structured=false, which requests plain text"
_RESUME = "what was written is stored: run the same command again to go on"


class Settings(PluginSettings):
    """Settings of the server, the model and its decoding.

    Attributes
    ----------
    url
        Address of the server, including ``/v1``.
    model
        Name of the model on the server.
    key
        Environment variable with the API key. The key itself is not stored.
    kinds
        Kinds of views to generate, each with an instruction.
    outputs
        Number of texts for each document and instruction; duplicates count once.
    structured
        Whether to request all texts in one answer, as JSON with a schema, if the server supports
        it; otherwise each text is an answer of plain text.
    temperature
        Temperature of sampling.
    top_p
        Probability mass of nucleus sampling.
    max_source_characters
        Maximum length of a document; longer ones are truncated and counted.
    max_new_tokens
        Maximum number of tokens of an answer; truncated answers are left out.
    more
        Additional fields of each request, such as
        ``{chat_template_kwargs: {enable_thinking: false}}`` for vLLM.
    seed
        Random seed, from which the seed of each request is derived; servers may ignore it.
    concurrency
        Number of concurrent requests.
    retries
        Maximum number of retries of a request that was rate-limited, failed or timed out.
    timeout
        Timeout of a request in seconds, and that of the answer once it begins.
    budget_tokens
        Number of tokens, of prompts and answers, after which generation stops; ``None`` for no
        limit. They are counted from the start of the command.
    input_price
        Price of a million tokens of prompts, in any currency, for estimates of the cost.
    output_price
        Price of a million tokens of answers.
    """

    name: Literal["endpoint"] = "endpoint"
    url: str = "http://localhost:8000/v1"
    model: str
    key: str = "OPENAI_API_KEY"
    kinds: tuple[Kind, ...] = ("question", "keywords")
    outputs: PositiveInt = 1
    structured: bool = False
    temperature: NonNegativeFloat = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    max_source_characters: PositiveInt = 8_000
    max_new_tokens: PositiveInt = 128
    more: dict[str, Any] = Field(default_factory=dict)
    seed: NonNegativeInt = 0
    concurrency: PositiveInt = 8
    retries: NonNegativeInt = 5
    timeout: Annotated[float, Field(gt=0)] = 60.0
    budget_tokens: PositiveInt | None = None
    input_price: NonNegativeFloat = 0
    output_price: NonNegativeFloat = 0

    @field_validator("url")
    @classmethod
    def _without_secrets(cls, url: str) -> str:
        """Refuse what is no address, or has a password in it, which manifests would keep."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must begin with http:// or https://")
        if parts.username or parts.password or parts.query:
            raise ValueError("must have no name, password or query: the key goes into `key`")
        return url.rstrip("/")


class Generator:
    """A model behind an address."""

    invents = True

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        import openai

        from corpus_tuner.generation.generators._limited_response import LimitedStream

        def limit(response: Any) -> None:
            response.stream = LimitedStream(response.stream, settings.timeout)

        self._settings = settings
        self.kinds: tuple[str, ...] = settings.kinds
        self._key = os.environ.get(settings.key, "")
        self._client = openai.OpenAI(
            base_url=settings.url,
            api_key=self._key or "none",
            max_retries=settings.retries,
            timeout=settings.timeout,
            http_client=openai.DefaultHttpxClient(event_hooks={"response": [limit]}),
        )
        self._lock = Lock()
        self.used = TokenCount()
        self._structured = 0  # answers that follow the schema
        self.model = settings.model
        answers = 1 if settings.structured else settings.outputs
        self.max_answer_tokens = settings.max_new_tokens * answers
        self.identity = f"endpoint {settings.model_dump_json(exclude=_NOT_DECISIVE)}"

    def spans(self, document: Document, language: str) -> list[Span]:
        """Return none: the model reads for itself."""
        return []

    def make_prompt(self, document: Document, instruction: Instruction) -> str:
        """Return all text of the request for a document."""
        messages = self._make_messages(document, instruction)
        return "\n".join(message["content"] for message in messages)

    def price(self, tokens: TokenCount) -> float | None:
        """Return the price of a number of tokens; ``None`` if it is not known."""
        settings = self._settings
        cost = tokens.input * settings.input_price + tokens.output * settings.output_price
        return cost / 1_000_000 if settings.input_price or settings.output_price else None

    def generate(
        self, readings: Sequence[EncodedDocument], instruction: Instruction
    ) -> list[Written]:
        """Write for every document what `instruction` asks.

        Raises
        ------
        IncompleteError
            If the server cannot be reached, refuses, goes on failing, or the budget is spent; it
            has what was written by then, that of requests included that were under way.
        """
        written: dict[int, Written] = {}
        failures: list[CorpusTunerError] = []

        def write(numbers: Sequence[int]) -> None:
            for number in numbers:
                if failures:
                    return
                try:
                    written[number] = self._write(readings[number].document, instruction)
                except CorpusTunerError as error:
                    failures.append(error)

        def get_id(number: int) -> str:
            return readings[number].document.id

        # The passages of a document follow one another, so that their prompts' common beginning,
        # the document, is in the server's cache of prompts from the second one on.
        groups = [list(some) for _, some in groupby(range(len(readings)), get_id)]
        with ThreadPoolExecutor(self._settings.concurrency) as pool:
            list(pool.map(write, groups))
        if failures:
            raise IncompleteError(str(failures[0]), written)
        return [written[number] for number in range(len(readings))]

    def _write(self, document: Document, instruction: Instruction) -> Written:
        """Request the texts of one document; repeat if the answer cannot be read."""
        settings = self._settings
        budget, spent = settings.budget_tokens, self.used.input + self.used.output
        if budget is not None and spent >= budget:
            raise CorpusTunerError(
                f"generator.budget_tokens, {budget:,}, is spent: {spent:,} tokens; {_RESUME}"
            )
        cut = len(document.text) > settings.max_source_characters
        request: dict[str, Any] = {
            "model": settings.model,
            "messages": self._make_messages(document, instruction),
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "max_tokens": settings.max_new_tokens,
            "seed": derive_seed(settings.seed, instruction, document.text) >> 32,
            "extra_body": settings.more,
        }
        if settings.structured:
            request["response_format"] = _SCHEMA
        elif settings.outputs > 1:
            request["n"] = settings.outputs
        answer: Any = None
        for _ in range(1 + settings.retries):
            answer = self._answer(request)
            if getattr(answer, "choices", None):
                texts = self._texts(answer)
                self._check_schema(answer, texts)
                if all(map(is_utf8, texts)):
                    return Written(texts, cut)
                answer = None
        if answer is None:
            return Written((), cut)
        raise CorpusTunerError(
            f"{self._server} gave no answer that can be read ({self._redact(str(answer))}): is it "
            f"the address of an API like OpenAI's? {_RESUME}"
        )

    def _make_messages(self, document: Document, instruction: Instruction) -> list[dict[str, str]]:
        settings = self._settings
        short = replace(document, text=document.text[: settings.max_source_characters])
        prompt = instruction.prompt(short)
        if settings.structured:
            prompt += f'\n\n{{"texts": [...]}}, {settings.outputs}'
        messages = [{"role": "user", "content": prompt}]
        if instruction.system:
            messages.insert(0, {"role": "system", "content": instruction.system})
        return messages

    def _answer(self, request: Mapping[str, Any]) -> Any:
        """Return what the server says, as text if it is not JSON, ``None`` if it is unusable."""
        import openai

        from corpus_tuner.generation.generators._limited_response import UnusableError

        settings = self._settings
        try:
            return self._client.chat.completions.create(**request)
        except (UnusableError, RecursionError):
            return None
        except openai.APIConnectionError as error:
            slow = isinstance(error, openai.APITimeoutError)
            problem = f"takes more than {settings.timeout:g} s" if slow else "cannot be reached"
            raise CorpusTunerError(f"{self._server} {problem}; {_RESUME}") from None
        except openai.APIStatusError as error:
            said = f"{error.status_code}: {error.response.text}"
            raise CorpusTunerError(self._describe_refusal(error.status_code, said)) from None
        except (openai.OpenAIError, ValueError) as error:
            return f"{type(error).__name__}: {error}"

    def _texts(self, answer: Any) -> tuple[str, ...]:
        """Return what an answer says: more or fewer texts than requested, or none."""
        self._count(answer.usage)
        found: list[str] = []
        for choice in answer.choices:
            message = getattr(choice, "message", None)
            content = getattr(message, "content", None)
            if getattr(choice, "finish_reason", None) == "length" or not isinstance(content, str):
                continue
            text = strip_thoughts(content)
            found += _listed(text) if self._settings.structured else [text]
        return normalize_texts(found)[: self._settings.outputs]

    def _check_schema(self, answer: Any, texts: Sequence[str]) -> None:
        """Refuse a server that takes no notice of the schema, before all its answers are lost."""
        self._structured += bool(texts)
        if (
            self._settings.structured
            and not self._structured
            and self.used.requests >= _MOST_UNSTRUCTURED
        ):
            said = self._redact(str(answer.choices[0].message.content))
            raise CorpusTunerError(
                f"{self._server} takes no notice of the JSON schema: none of {self.used.requests} "
                f"answers follows it, the last being {said!r}. {_UNSTRUCTURED}"
            )

    def _count(self, usage: Any) -> None:
        """Add what a server says that it used; some do not say it all."""

        def get(name: str, of: Any = usage) -> int:
            count = getattr(of, name, None)
            return count if isinstance(count, int) else 0

        read = get("prompt_tokens")
        with self._lock:
            self.used.requests += 1
            self.used.input += read
            self.used.cached += get("cached_tokens", getattr(usage, "prompt_tokens_details", None))
            self.used.output += max(get("completion_tokens"), get("total_tokens") - read)

    @property
    def _server(self) -> str:
        return f"the generator's server at {self._settings.url}"

    def _describe_refusal(self, status: int, said: str) -> str:
        said = self._redact(said)
        if status in (401, 403):
            has = "has a key that it does not take" if self._key else "is not set"
            return f"{self._server} asks for a key, and ${self._settings.key} {has} ({said})"
        if status in (400, 404, 422):
            refusal = f"{self._server} refuses the request for {self._settings.model!r}: {said}"
            hint = f". {_UNSTRUCTURED}, if it supports no JSON schema"
            return refusal + hint * (self._settings.structured and status != 404)
        return f"{self._server} goes on failing: {said}; {_RESUME}"

    def _redact(self, said: str) -> str:
        """Return what a server said, without the key, on one line."""
        if self._key:
            said = said.replace(self._key, "***")
        line = " ".join(said.split())
        return line if len(line) <= 300 else f"{line[:299]}…"


def _listed(text: str) -> list[str]:
    """Return the texts in a JSON answer, fenced or not; none if it does not follow the schema."""
    with suppress(ValueError, RecursionError):
        answer = json.loads(text.strip().removeprefix("```json").strip("`"))
        texts = answer.get("texts") if isinstance(answer, Mapping) else None
        if isinstance(texts, list):
            return [one for one in texts if isinstance(one, str)]
    return []
