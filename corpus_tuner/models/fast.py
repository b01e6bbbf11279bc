"""Run T5 and BART with CTranslate2 in int8: several times as fast as transformers on a CPU.

A model is converted once, into a cache whose files are checked before they are used.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ctranslate2
import torch

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.models.writing import Decoding, Request, by_length
from corpus_tuner.progress import working
from corpus_tuner.indexes.encoders.cache import cached_or_made
from corpus_tuner.indexes.encoders.conversion import cache_name, convert

MODEL_TYPES = ("bart", "mt5", "t5")
"""As ``config.json`` names them: those that are tested here."""

_COMPUTE = "int8"
_PARTS = 4


class CTranslate2Engine:
    """Several answers to one request share one reading of its source."""

    def __init__(self, folder: Path, tokenizer: Any) -> None:
        self._folder = folder
        self._tokenizer = tokenizer

    def write(self, requests: Sequence[Request], decoding: Decoding) -> list[list[list[int]]]:
        """Return `outputs` answers to each request, as token ids without the request's start."""
        # Parts run side by side, each in a thread: faster than several threads on one. How many
        # there are does not depend on the machine, as what is sampled depends on them.
        order = [place for places in by_length(requests, 1) for place in places]
        parts = [order[first::_PARTS] for first in range(min(_PARTS, len(order)))]
        workers = max(1, min(len(parts), _threads()))
        ctranslate2.set_random_seed(decoding.seed % 2**32)
        written: list[list[list[int]]] = [[] for _ in requests]
        with ThreadPoolExecutor(workers) as pool:
            answers = pool.map(
                lambda part: self._write(
                    [requests[place] for place in part], decoding, _threads() // workers
                ),
                parts,
            )
            for part, own in zip(parts, answers, strict=True):
                for place, answer in zip(part, own, strict=True):
                    written[place] = answer
        return written

    def _write(
        self, requests: Sequence[Request], decoding: Decoding, threads: int
    ) -> list[list[list[int]]]:
        # Random numbers are drawn by a worker that takes the seed when it starts: only a new one
        # writes the same again. Loading is a matter of milliseconds beside writing.
        translator = ctranslate2.Translator(
            str(self._folder), compute_type=_COMPUTE, intra_threads=threads
        )
        given = max(len(request.start) for request in requests)
        results = translator.translate_batch(
            [self._names(request.source) for request in requests],
            target_prefix=[self._names(request.start) for request in requests] if given else None,
            max_batch_size=decoding.batch_size,
            max_input_length=0,
            max_decoding_length=decoding.max_new_tokens + given,
            num_hypotheses=decoding.outputs,
            no_repeat_ngram_size=decoding.no_repeat_ngram,
            **_search(decoding),
        )
        return [
            [
                self._tokenizer.convert_tokens_to_ids(tokens[len(request.start) :])
                for tokens in result.hypotheses
            ]
            for request, result in zip(requests, results, strict=True)
        ]

    def _names(self, tokens: list[int]) -> list[str]:
        names: list[str] = self._tokenizer.convert_ids_to_tokens(tokens)
        return names


def converted(model: Any, tokenizer: Any, weights: str) -> Path:
    """Return the folder of a model converted to int8, from the cache or else into it.

    Parameters
    ----------
    model, tokenizer
        Of transformers.
    weights
        Their hash (`corpus_tuner.indexes.encoders.weights.hash_weights`).
    """

    def make(folder: Path) -> None:
        try:
            with working("converting the generator"):
                convert(model, tokenizer, folder, _COMPUTE)
        except ValueError as error:
            raise CorpusTunerError(
                f"CTranslate2 cannot run this generator ({error}): set "
                "generator.engine=transformers"
            ) from error

    return cached_or_made(cache_name(weights, _COMPUTE), make)


def _threads() -> int:
    return torch.get_num_threads()


def _search(decoding: Decoding) -> dict[str, Any]:
    if decoding.beams:
        return {"beam_size": max(decoding.beams, decoding.outputs)}
    return {
        "beam_size": 1,
        "sampling_temperature": decoding.temperature,
        "sampling_topp": decoding.top_p,
        "sampling_topk": decoding.top_k,
    }
