"""Run language models with transformers, on any device."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList
from transformers.generation import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from corpus_tuner.encoders.batching import batch_similar_lengths
from corpus_tuner.generation.models.engine import Answers, LanguageModelSettings, Request


class Seq2SeqEngine:
    """Runs any encoder-decoder; slow on a CPU."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._tokenizer = tokenizer

    def write(self, requests: Sequence[Request], settings: LanguageModelSettings) -> Answers:
        """Return `outputs` answers to each request, as token ids."""
        size = 1 if self._model.device.type == "cpu" else settings.batch_size
        written: Answers = [[] for _ in requests]
        with torch.inference_mode():
            for batch in batch_similar_lengths([len(request.source) for request in requests], size):
                answers = self._answer([requests[index] for index in batch], settings)
                for number, index in enumerate(batch):
                    start = number * settings.outputs
                    written[index] = answers[start : start + settings.outputs]
        return written

    def _answer(self, requests: list[Request], settings: LanguageModelSettings) -> list[list[int]]:
        """Return the answers to requests, request by request."""
        device = self._model.device
        batch = self._tokenizer.pad(
            {"input_ids": [request.source for request in requests]}, return_tensors="pt"
        ).to(device)
        mask = batch["attention_mask"]
        source = self._model.get_encoder()(batch["input_ids"], attention_mask=mask)
        rows = 1 if settings.beam_width else settings.outputs  # beams are multiplied by `generate`
        source.last_hidden_state = source.last_hidden_state.repeat_interleave(rows, dim=0)
        search: dict[str, Any] = {
            "num_beams": settings.beam_width,
            "num_return_sequences": settings.outputs,
        }
        if not settings.beam_width:
            seeds = [request.seed for request in requests]
            search = {"num_beams": 1, "logits_processor": _make_sampler(seeds, settings, device)}
        tokens = self._model.generate(
            encoder_outputs=source,
            attention_mask=mask.repeat_interleave(rows, dim=0),
            max_new_tokens=settings.max_new_tokens,
            no_repeat_ngram_size=settings.no_repeat_ngram,
            do_sample=False,
            **search,
        )
        return [row[1:] for row in tokens.tolist()]  # without the mark that a decoder starts from


class CausalEngine(Seq2SeqEngine):
    """Runs any decoder-only model; a prompt is read once, however many answers are requested."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        super().__init__(model, tokenizer)
        ends = model.generation_config.eos_token_id
        self._ends = ends if isinstance(ends, list) else [ends] * (ends is not None)
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
        most = settings.max_new_tokens
        if settings.decoding == "alternatives":
            most = max(1, most - 1)
            logits = self._model(tokens, attention_mask=mask, logits_to_keep=1).logits[:, -1]
            logits[:, self._ends] = -torch.inf
            first = logits.topk(outputs).indices.reshape(-1, 1)
            tokens = torch.cat([tokens.repeat_interleave(outputs, dim=0), first], dim=1)
            mask = torch.cat(
                [mask.repeat_interleave(outputs, dim=0), torch.ones_like(first)], dim=1
            )
            how = {"num_beams": 1}
        elif not settings.beam_width:
            seeds = [request.seed for request in requests]
            how = {"num_beams": 1, "logits_processor": _make_sampler(seeds, settings, device)}
            if longest > 1:
                how["past_key_values"] = self._read(tokens, mask, outputs)
            tokens = tokens.repeat_interleave(outputs, dim=0)
            mask = mask.repeat_interleave(outputs, dim=0)
        answers = self._model.generate(
            tokens,
            attention_mask=mask,
            max_new_tokens=most,
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


class _Noise(LogitsProcessor):  # type: ignore[misc]
    """Makes the most probable token a sampled one, with random numbers of each request's own.

    The largest sum of a log-probability and Gumbel noise is a draw from the distribution
    (Gumbel-max; Maddison et al., arXiv 1411.0030). `generate` has one stream of random numbers
    for a whole batch, in which a row depends on those beside it.
    """

    def __init__(self, seeds: Sequence[int], outputs: int, device: torch.device) -> None:
        self._generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self._outputs = outputs

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        exponential = torch.empty_like(scores, dtype=torch.float32)
        for generator, rows in zip(
            self._generators, torch.split(exponential, self._outputs), strict=True
        ):
            rows.exponential_(generator=generator)
        return scores - exponential.log()


def _make_sampler(
    seeds: Sequence[int], settings: LanguageModelSettings, device: torch.device
) -> LogitsProcessorList:
    """Return what makes the most probable token a sampled one, each request with its own seed."""
    steps: list[LogitsProcessor] = [TemperatureLogitsWarper(settings.temperature)]
    if settings.top_k:
        steps.append(TopKLogitsWarper(settings.top_k))
    if settings.top_p < 1:
        steps.append(TopPLogitsWarper(settings.top_p))
    return LogitsProcessorList([*steps, _Noise(seeds, settings.outputs, device)])
