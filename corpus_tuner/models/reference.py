"""Run a model with transformers: any encoder-decoder, on any device."""

from collections.abc import Sequence
from typing import Any

from corpus_tuner.models.writing import Decoding, Request, by_length


class TransformersEngine:
    """The reference: slow on a CPU, right everywhere."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._tokenizer = tokenizer

    def write(self, requests: Sequence[Request], decoding: Decoding) -> list[list[list[int]]]:
        """Return `outputs` answers to each request, as token ids without the request's start."""
        import torch

        written: list[list[list[int]]] = [[] for _ in requests]
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(decoding.seed)
            for places in by_length(requests, decoding.batch_size):
                answers = self._complete([requests[place] for place in places], decoding)
                for number, place in enumerate(places):
                    start = number * decoding.outputs
                    written[place] = answers[start : start + decoding.outputs]
        return written

    def _complete(self, requests: list[Request], decoding: Decoding) -> list[list[int]]:
        import torch

        device = self._model.device
        batch = self._tokenizer.pad(
            {"input_ids": [request.source for request in requests]}, return_tensors="pt"
        ).to(device)
        given: dict[str, Any] = {}
        first = 1  # the start mark
        if requests[0].start:
            mark = self._model.config.decoder_start_token_id
            starts = [[mark, *request.start] for request in requests]
            given["decoder_input_ids"] = torch.tensor(starts, device=device)
            first = len(starts[0])
        tokens = self._model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            max_new_tokens=decoding.max_new_tokens,
            num_return_sequences=decoding.outputs,
            no_repeat_ngram_size=decoding.no_repeat_ngram,
            **given,
            **_search(decoding),
        )
        return [row[first:] for row in tokens.tolist()]


def _search(decoding: Decoding) -> dict[str, Any]:
    if decoding.beams:
        return {"do_sample": False, "num_beams": max(decoding.beams, decoding.outputs)}
    return {
        "do_sample": True,
        "num_beams": 1,
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "top_k": decoding.top_k,
    }
