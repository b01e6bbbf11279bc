"""Run a decoder-only model with transformers: Qwen, Gemma, SmolLM, EuroLLM and their kin."""

from typing import Any

import torch

from corpus_tuner.generation.models.engine import LanguageModelSettings, Request
from corpus_tuner.generation.models.seq2seq_transformers import TransformersEngine, make_sampler


class CausalEngine(TransformersEngine):
    """Reads a prompt once, however many answers are requested."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        super().__init__(model, tokenizer)
        self._pad = next(
            mark for mark in (tokenizer.pad_token_id, tokenizer.eos_token_id, 0) if mark is not None
        )

    def _answer(self, requests: list[Request], settings: LanguageModelSettings) -> list[list[int]]:
        """Return the answers to some requests, request by request."""
        device, outputs = self._model.device, settings.outputs
        prompts = [request.source for request in requests]
        longest = max(map(len, prompts))
        padded = [[self._pad] * (longest - len(prompt)) + prompt for prompt in prompts]
        marks = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        tokens = torch.tensor(padded, device=device)
        mask = torch.tensor(marks, device=device)
        how: dict[str, Any] = {
            "num_beams": settings.beam_width,
            "num_return_sequences": outputs,
        }
        if not settings.beam_width:
            seeds = [request.seed for request in requests]
            how = {"num_beams": 1, "logits_processor": make_sampler(seeds, settings, device)}
            if longest > 1:
                how["past_key_values"] = self._read(tokens, mask, outputs)
            tokens = tokens.repeat_interleave(outputs, dim=0)
            mask = mask.repeat_interleave(outputs, dim=0)
        answers = self._model.generate(
            tokens,
            attention_mask=mask,
            max_new_tokens=settings.max_new_tokens,
            no_repeat_ngram_size=settings.no_repeat_ngram,
            do_sample=False,
            pad_token_id=self._pad,
            # What a model's own configuration says of sampling is for `do_sample` only.
            temperature=None,
            top_p=None,
            top_k=None,
            **how,
        )
        return [row[longest:] for row in answers.tolist()]

    def _read(self, tokens: torch.Tensor, mask: torch.Tensor, times: int) -> Any:
        """Return what the model knows of all but the last token of prompts, so many times each."""
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, :-1]
        read = self._model(
            input_ids=tokens[:, :-1],
            attention_mask=mask[:, :-1],
            position_ids=positions,
            use_cache=True,
        )
        cache = read.past_key_values
        cache.batch_repeat_interleave(times)
        return cache
