"""Run GGUF files with llama.cpp, by the package xllamacpp: every architecture, and samples.

The package starts llama.cpp's server in this process. It listens on a port of this machine only,
and answers nobody who does not know its key, which is drawn anew every time.
Source: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.
"""

import http.client
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.models.engine import Answers, LanguageModelSettings, Request


class LlamaCppModel:
    """A GGUF file that llama.cpp has opened.

    Parameters
    ----------
    path
        The file.
    tokens
        The longest prompt and answer together.
    threads
        Number of threads of the processor.

    Raises
    ------
    CorpusTunerError
        If llama.cpp cannot run the file.
    MissingExtraError
        If xllamacpp is not installed.
    """

    def __init__(self, path: Path, tokens: int, threads: int) -> None:
        try:
            import xllamacpp
        except ImportError as error:
            raise MissingExtraError("running GGUF files by llama.cpp", "gguf") from error
        self._key = secrets.token_hex(32)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.api_keys = [self._key]
        parameters.n_ctx = tokens
        parameters.n_parallel = 1  # what shares a batch with others depends on them
        parameters.cache_ram_mib = 0  # the prompt before is remembered, and no others
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        parameters.warmup = False
        parameters.verbosity = 0
        try:
            self._server = xllamacpp.Server(parameters)
        except (RuntimeError, ValueError) as error:
            raise CorpusTunerError(f"llama.cpp cannot run {path}: {error}") from error
        self._address = urlsplit(self._server.listening_address).netloc

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the server's answer to a request, from JSON.

        Raises
        ------
        CorpusTunerError
            If the server refuses the request.
        """
        connection = http.client.HTTPConnection(self._address)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != http.client.OK:
            reason = answer.get("error", {}).get("message", response.reason)
            raise CorpusTunerError(f"llama.cpp refused a request ({path}): {reason}")
        return answer


class LlamaCppTokenizer:
    """The tokenizer and chat template of a GGUF file, with the methods that generators call.

    Parameters
    ----------
    model
        The file, opened.
    chat
        Whether it has a chat template.
    """

    def __init__(self, model: LlamaCppModel, *, chat: bool) -> None:
        self._model = model
        self.chat_template = chat

    def __call__(self, text: str, *, add_special_tokens: bool = True) -> dict[str, list[int]]:
        """Return the token ids of a text."""
        body = {"content": text, "add_special": add_special_tokens, "parse_special": False}
        return {"input_ids": self._model.post("/tokenize", body)["tokens"]}

    def decode(self, tokens: Sequence[int], **_: bool) -> str:
        """Return the text of token ids; special ones are no part of answers."""
        text: str = self._model.post("/detokenize", {"tokens": list(tokens)})["content"]
        return text

    def apply_chat_template(
        self, messages: Sequence[Mapping[str, str]], *, enable_thinking: bool, **_: bool
    ) -> list[int]:
        """Return the token ids of a conversation, with the start of an answer."""
        options = {"enable_thinking": enable_thinking}
        body = {"messages": list(messages), "chat_template_kwargs": options}
        prompt = self._model.post("/apply-template", body)["prompt"]
        request = {"content": prompt, "add_special": False, "parse_special": True}
        tokens: list[int] = self._model.post("/tokenize", request)["tokens"]
        return tokens


class LlamaCppEngine:
    """Answers requests one after the other; what two prompts begin with is read once."""

    def __init__(self, model: LlamaCppModel) -> None:
        self._model = model

    def write(self, requests: Sequence[Request], settings: LanguageModelSettings) -> Answers:
        """Return `outputs` answers to each request, as token ids."""
        return [
            [self._answer(request, settings, number) for number in range(settings.outputs)]
            for request in requests
        ]

    def _answer(self, request: Request, settings: LanguageModelSettings, number: int) -> list[int]:
        body: dict[str, Any] = {
            "prompt": request.source,
            "n_predict": settings.max_new_tokens,
            "cache_prompt": True,
            "return_tokens": True,
            "samplers": ["top_k", "top_p", "temperature"],
            "temperature": 0.0,
        }
        if not settings.beam_width:
            body |= {
                "temperature": settings.temperature,
                "top_k": settings.top_k,
                "top_p": settings.top_p,
                "seed": (request.seed + number) % (2**32 - 1),  # the last one means any
            }
        answer = self._model.post("/completion", body)
        tokens: list[int] = answer["tokens"]
        return tokens[:-1] if answer["stop_type"] == "eos" else tokens
