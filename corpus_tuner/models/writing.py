"""How models are asked to write, whatever library runs them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Request(NamedTuple):
    """What a model reads and how its answer begins, as token ids; no start mark in `start`."""

    source: list[int]
    start: list[int]


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
    seed
        Of sampling.
    batch_size
        Requests in one pass.
    """

    outputs: int
    beams: int
    temperature: float
    top_p: float
    top_k: int
    no_repeat_ngram: int
    max_new_tokens: int
    seed: int
    batch_size: int


class Engine(Protocol):
    """Runs a model."""

    def write(self, requests: Sequence[Request], decoding: Decoding) -> list[list[list[int]]]:
        """Return `outputs` answers to each request, as token ids without the request's start.

        The outcome depends on the arguments alone, so that a build that was killed and goes on
        writes what it would have written.
        """


def by_length(requests: Sequence[Request], size: int) -> Iterator[list[int]]:
    """Yield the places of batches, the longest first, those padded together of like length."""
    order = sorted(range(len(requests)), key=lambda place: (-len(requests[place].source), place))
    for start in range(0, len(order), size):
        yield order[start : start + size]
