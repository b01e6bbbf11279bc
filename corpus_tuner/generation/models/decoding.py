"""How models are asked to write, whatever library runs them."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol


class Request(NamedTuple):
    """What a model is to answer.

    Attributes
    ----------
    source
        What it reads, as token ids.
    seed
        Of sampling, 0 to 2**63 - 1: two requests that differ in nothing else are answered anew.
    shared
        How many tokens of the source all requests with the same instruction begin with: an engine
        may compute their states once.
    """

    source: list[int]
    seed: int
    shared: int = 0


class Decoding(NamedTuple):
    """How an answer is found.

    Attributes
    ----------
    outputs
        Answers to each request.
    beams
        Of beam search; 0 to sample.
    temperature, top_p, top_k
        Of sampling.
    no_repeat_ngram
        No sequence of so many tokens comes twice in an answer; 0 for no such rule.
    max_new_tokens
        The longest answer.
    batch_size
        Requests in one pass, where an engine batches.
    """

    outputs: int
    beams: int
    temperature: float
    top_p: float
    top_k: int
    no_repeat_ngram: int
    max_new_tokens: int
    batch_size: int


def read_decoding(settings: Any) -> Decoding:
    """Return how answers are found by the settings of a generator with a model."""
    return Decoding(
        outputs=settings.outputs,
        beams=0 if settings.decoding == "sampling" else settings.beams,
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=settings.top_k,
        no_repeat_ngram=settings.no_repeat_ngram,
        max_new_tokens=settings.max_new_tokens,
        batch_size=settings.batch_size,
    )


class Engine(Protocol):
    """Runs a model."""

    def write(self, requests: Sequence[Request], decoding: Decoding) -> list[list[list[int]]]:
        """Return `outputs` answers to each request, as token ids.

        The answers to a request depend on it and the decoding alone, not on the other requests
        of the call or their order. On a CPU they are equal to the token; on a GPU, where requests
        of one batch are padded to one length, the last digits of a probability may differ, and
        with them, rarely, a token.
        """
