"""Run language models with CTranslate2 in int8: several times as fast as transformers on a CPU.

A model is converted once, into a cache whose files are checked before they are used. Requests that
share a batch have prompts of one length: padding would change the last digits of a probability, and
int8 makes more of that.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import ctranslate2
import torch

from corpus_tuner.core.cache import ensure_cached, find_cached
from corpus_tuner.core.progress import show_activity
from corpus_tuner.encoders.batching import batch_equal_lengths
from corpus_tuner.encoders.ctranslate2_runtime import (
    convert_model,
    get_cache_name,
    use_fastest_instructions,
)
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.models.engine import Answers, LanguageModelSettings, Request

SEQ2SEQ = ("bart", "mt5", "t5")
CAUSAL = ("gemma3_text", "llama", "qwen3")
"""Types of models, as ``config.json`` names them, that the tests convert."""

_COMPUTE = "int8"
_MOST_WORKERS = 16
_TOKENIZER = "tokenizer"
_ENDS = "ends.json"
_SEEDING = Lock()  # the seed is one for the whole process


class Seq2SeqEngine:
    """Runs an encoder-decoder.

    Sampling cannot share a batch, nor a worker, which draws one random number after the other:
    every request has a pass of its own.
    """

    def __init__(self, folder: Path, tokenizer: Any) -> None:
        self._folder = folder
        self._tokenizer = tokenizer
        self._marks = frozenset(tokenizer.all_special_ids)

    def write(self, requests: Sequence[Request], settings: LanguageModelSettings) -> Answers:
        """Return `outputs` answers to each request, as token ids."""
        workers = max(1, min(len(requests), torch.get_num_threads(), _MOST_WORKERS))
        lengths = [len(request.source) for request in requests]
        size = settings.batch_size if settings.beam_width else 1
        batches = list(batch_equal_lengths(lengths, size))
        shared = self._open(workers) if settings.beam_width else None

        def answer(batch: list[int]) -> Answers:
            some = [requests[position] for position in batch]
            return self._answer(shared or self._open_seeded(some[0]), some, settings)

        return _answer_in_parallel(answer, batches, workers)

    def _open(self, workers: int) -> ctranslate2.Translator:
        with use_fastest_instructions():
            return ctranslate2.Translator(
                str(self._folder), compute_type=_COMPUTE, inter_threads=workers, intra_threads=1
            )

    def _open_seeded(self, request: Request) -> ctranslate2.Translator:
        """Return a translator whose random numbers are those of the request's seed.

        Its worker takes the seed of the process when it first draws, and never again. So each
        request has a new one (loading takes a fifth of the time of writing, or less), which draws
        once, for a single word, before another thread may set its own seed.
        """
        translator = self._open(1)
        words = [token for token in request.source if token not in self._marks]
        with _SEEDING:
            ctranslate2.set_random_seed(request.seed % 2**32)
            # Of special tokens only nothing is drawn, neither here nor later.
            translator.translate_batch(
                [self._tokenizer.convert_ids_to_tokens(words[:1])],
                beam_size=1,
                sampling_topk=2,
                max_decoding_length=1,
            )
        return translator

    def _answer(
        self,
        translator: ctranslate2.Translator,
        requests: Sequence[Request],
        settings: LanguageModelSettings,
    ) -> Answers:
        search: dict[str, Any] = {"beam_size": settings.beam_width}
        if not settings.beam_width:
            search = {
                "beam_size": 1,
                "sampling_temperature": settings.temperature,
                "sampling_topp": settings.top_p,
                "sampling_topk": settings.top_k,
            }
        results = translator.translate_batch(
            [self._tokenizer.convert_ids_to_tokens(request.source) for request in requests],
            max_input_length=0,
            max_decoding_length=settings.max_new_tokens,
            num_hypotheses=settings.outputs,
            no_repeat_ngram_size=settings.no_repeat_ngram,
            **search,
        )
        return [
            [self._tokenizer.convert_tokens_to_ids(tokens) for tokens in result.hypotheses]
            for result in results
        ]


class CausalEngine:
    """Runs a decoder-only model by beam search, or with alternative first tokens.

    The states of what all prompts of an instruction begin with are computed once: CTranslate2
    remembers every static prompt that it is given, so it is given no prompt of a single document.
    Sampling is left to transformers: every document would need the model to be loaded anew, as
    above, and these models are large.
    """

    def __init__(self, folder: Path, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ends: list[int] = json.loads(
            (folder / _TOKENIZER / _ENDS).read_text(encoding="utf-8")
        )
        self._workers = min(torch.get_num_threads(), _MOST_WORKERS)  # which share the weights
        with use_fastest_instructions():
            self._model = ctranslate2.Generator(
                str(folder), compute_type=_COMPUTE, inter_threads=self._workers, intra_threads=1
            )

    def write(self, requests: Sequence[Request], settings: LanguageModelSettings) -> Answers:
        """Return `outputs` answers to each request, as token ids."""
        most = settings.max_new_tokens
        # With these the library counts the prompt as well, up to its last token.
        alternatives = settings.decoding == "alternatives" and settings.outputs > 1
        alike = [(tuple(one.source[: one.shared]), len(one.source)) for one in requests]
        batches = list(batch_equal_lengths(alike, settings.batch_size))
        names = self._tokenizer.convert_ids_to_tokens

        def answer(batch: list[int]) -> Answers:
            count = requests[batch[0]].shared
            results = self._model.generate_batch(
                [names(requests[position].source[count:]) for position in batch],
                static_prompt=names(requests[batch[0]].source[:count]) or None,
                beam_size=settings.beam_width,
                num_hypotheses=settings.outputs,
                return_alternatives=alternatives,
                min_length=int(alternatives),  # no text ends before its first token
                no_repeat_ngram_size=settings.no_repeat_ngram,
                max_length=most + (len(requests[batch[0]].source) - 1) * alternatives,
                include_prompt_in_result=False,
                end_token=self._ends,
            )
            return [[list(tokens) for tokens in result.sequences_ids] for result in results]

        return _answer_in_parallel(answer, batches, self._workers)


def _answer_in_parallel(
    answer: Callable[[list[int]], Answers], batches: Sequence[list[int]], workers: int
) -> Answers:
    """Return the answers to all requests, in their order; batches have positions of requests."""
    answers: Answers = [[] for batch in batches for _ in batch]
    with ThreadPoolExecutor(workers) as pool:
        for batch, found in zip(batches, pool.map(answer, batches), strict=True):
            for position, one in zip(batch, found, strict=True):
                answers[position] = one
    return answers


def find_converted(digest: str) -> tuple[Path, Any] | None:
    """Return the folder and the tokenizer of a model that was converted before.

    Parameters
    ----------
    digest
        Hash of its weights or its file.
    """
    from transformers import AutoTokenizer

    folder = find_cached(_name(digest))
    if folder is None:
        return None
    return folder, AutoTokenizer.from_pretrained(folder / _TOKENIZER)


def convert(model: Any, tokenizer: Any, digest: str) -> Path:
    """Return the folder of a model converted to int8, from the cache or else into it.

    Parameters
    ----------
    model, tokenizer
        Model and tokenizer of transformers.
    digest
        Hash of the weights or the file.

    Raises
    ------
    CorpusTunerError
        If CTranslate2 cannot run the model.
    """

    def make(folder: Path) -> None:
        with show_activity("converting the generator"):
            try:
                convert_model(model, tokenizer, folder, _COMPUTE)
            except ValueError as error:
                raise CorpusTunerError(
                    f"CTranslate2 cannot run this generator ({error}): set "
                    "generator.engine=transformers"
                ) from error
            tokenizer.save_pretrained(folder / _TOKENIZER)
            ends = model.generation_config.eos_token_id
            text = json.dumps(ends if isinstance(ends, list) else [ends])
            (folder / _TOKENIZER / _ENDS).write_text(text, encoding="utf-8")

    return ensure_cached(_name(digest), make)


def _name(digest: str) -> str:
    return f"generator-{get_cache_name(digest, _COMPUTE)}"
