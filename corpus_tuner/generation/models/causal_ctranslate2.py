"""Run decoder-only models with CTranslate2 in int8: faster than transformers on a CPU.

The states of what all prompts of an instruction begin with are computed once: CTranslate2 remembers
every static prompt that it is given, so it is given no prompt of a single document.

Sampling is left to transformers. Random numbers belong to a worker of CTranslate2 for life, so
every document would need the model to be loaded anew, and these models are large.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import torch

from corpus_tuner.encoders.batching import batch_equal_lengths
from corpus_tuner.encoders.ctranslate2_runtime import use_fastest_instructions
from corpus_tuner.generation.models.engine import Answers, LanguageModelSettings, Request
from corpus_tuner.generation.models.seq2seq_ctranslate2 import (
    COMPUTE,
    MOST_WORKERS,
    answer_in_parallel,
)

MODEL_TYPES = ("gemma3_text", "llama", "qwen3")
"""As ``config.json`` names them: those that are tested here."""


def find_end_tokens(model: Any) -> list[int]:
    """Return the tokens that end an answer of a model of transformers."""
    ends = model.generation_config.eos_token_id
    return ends if isinstance(ends, list) else [ends]


class CTranslate2CausalEngine:
    """Answers requests by beam search; those of a batch have prompts of one length.

    Parameters
    ----------
    folder
        The model, as CTranslate2 reads it.
    tokenizer
        Tokenizer of transformers.
    ends
        The tokens that end an answer.
    """

    def __init__(self, folder: Path, tokenizer: Any, ends: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._ends = list(ends)
        self._workers = min(torch.get_num_threads(), MOST_WORKERS)  # which share the weights
        with use_fastest_instructions():
            self._model = ctranslate2.Generator(
                str(folder), compute_type=COMPUTE, inter_threads=self._workers, intra_threads=1
            )

    def write(self, requests: Sequence[Request], settings: LanguageModelSettings) -> Answers:
        """Return `outputs` answers to each request, as token ids."""
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
                no_repeat_ngram_size=settings.no_repeat_ngram,
                max_length=settings.max_new_tokens,
                include_prompt_in_result=False,
                end_token=self._ends,
            )
            return [[list(tokens) for tokens in result.sequences_ids] for result in results]

        return answer_in_parallel(answer, batches, self._workers)
