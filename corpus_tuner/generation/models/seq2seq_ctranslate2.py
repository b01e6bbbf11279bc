"""Run T5 and BART with CTranslate2 in int8: several times as fast as transformers on a CPU.

A model is converted once, into a cache whose files are checked before they are used.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import ctranslate2
import torch

from corpus_tuner.core.cache import ensure_cached
from corpus_tuner.core.progress import show_activity
from corpus_tuner.encoders.batching import batch_equal_lengths
from corpus_tuner.encoders.ctranslate2_runtime import (
    convert_model,
    get_cache_name,
    use_fastest_instructions,
)
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.models.engine import Answers, LanguageModelSettings, Request

MODEL_TYPES = ("bart", "mt5", "t5")
"""As ``config.json`` names them: those that are tested here."""

COMPUTE = "int8"
MOST_WORKERS = 16
_SEEDING = Lock()  # the seed is one for the whole process


class CTranslate2Engine:
    """Answers requests in batches, several side by side.

    Requests that share a batch have sources of one length: padding would move the last digits of a
    probability, and int8 makes more of that. Sampling cannot share a batch, nor a
    worker, which draws one random number after the other: every request has a pass of its own.
    """

    def __init__(self, folder: Path, tokenizer: Any) -> None:
        self._folder = folder
        self._tokenizer = tokenizer
        self._marks = frozenset(tokenizer.all_special_ids)

    def write(self, requests: Sequence[Request], settings: LanguageModelSettings) -> Answers:
        """Return `outputs` answers to each request, as token ids."""
        workers = max(1, min(len(requests), torch.get_num_threads(), MOST_WORKERS))
        lengths = [len(request.source) for request in requests]
        size = settings.batch_size if settings.beam_width else 1
        batches = list(batch_equal_lengths(lengths, size))
        shared = self._open(workers) if settings.beam_width else None

        def answer(batch: list[int]) -> Answers:
            some = [requests[position] for position in batch]
            return self._answer(shared or self._seeded(some[0]), some, settings)

        return answer_in_parallel(answer, batches, workers)

    def _open(self, workers: int) -> ctranslate2.Translator:
        with use_fastest_instructions():
            return ctranslate2.Translator(
                str(self._folder), compute_type=COMPUTE, inter_threads=workers, intra_threads=1
            )

    def _seeded(self, request: Request) -> ctranslate2.Translator:
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
                [self._names(words[:1])], beam_size=1, sampling_topk=2, max_decoding_length=1
            )
        return translator

    def _answer(
        self,
        translator: ctranslate2.Translator,
        requests: Sequence[Request],
        settings: LanguageModelSettings,
    ) -> Answers:
        results = translator.translate_batch(
            [self._names(request.source) for request in requests],
            max_input_length=0,
            max_decoding_length=settings.max_new_tokens,
            num_hypotheses=settings.outputs,
            no_repeat_ngram_size=settings.no_repeat_ngram,
            **_search(settings),
        )
        return [
            [self._tokenizer.convert_tokens_to_ids(tokens) for tokens in result.hypotheses]
            for result in results
        ]

    def _names(self, tokens: list[int]) -> list[str]:
        names: list[str] = self._tokenizer.convert_ids_to_tokens(tokens)
        return names


def answer_in_parallel(
    answer: Callable[[list[int]], Answers], batches: Sequence[list[int]], workers: int
) -> Answers:
    """Return the answers to all requests, in their order.

    Parameters
    ----------
    answer
        Answers those of a batch.
    batches
        Positions of requests; all are in one.
    workers
        Number of batches that are generated at once.
    """
    answers: Answers = [[] for batch in batches for _ in batch]
    with ThreadPoolExecutor(workers) as pool:
        for batch, found in zip(batches, pool.map(answer, batches), strict=True):
            for position, one in zip(batch, found, strict=True):
                answers[position] = one
    return answers


def convert_cached(model: Any, tokenizer: Any, weights: str) -> Path:
    """Return the folder of a model converted to int8, from the cache or else into it.

    Parameters
    ----------
    model, tokenizer
        Model and tokenizer of transformers.
    weights
        Their hash (`corpus_tuner.encoders.model_weights.hash_weights`).
    """

    def make(folder: Path) -> None:
        try:
            with show_activity("converting the generator"):
                convert_model(model, tokenizer, folder, COMPUTE)
        except ValueError as error:
            raise CorpusTunerError(
                f"CTranslate2 cannot run this generator ({error}): set "
                "generator.engine=transformers"
            ) from error

    return ensure_cached(get_cache_name(weights, COMPUTE), make)


def _search(settings: LanguageModelSettings) -> dict[str, Any]:
    if settings.beam_width:
        return {"beam_size": settings.beam_width}
    return {
        "beam_size": 1,
        "sampling_temperature": settings.temperature,
        "sampling_topp": settings.top_p,
        "sampling_topk": settings.top_k,
    }
