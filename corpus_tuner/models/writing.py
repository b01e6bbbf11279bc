"""How models are asked to write, whatever library runs them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Request(NamedTuple):
    """What a model is to answer.

    Attributes
    ----------
    source
        What it reads, as token ids.
    start
        How its answer begins, as token ids without a start mark.
    seed
        Of sampling, 0 to 2**63 - 1: two requests that differ in nothing else are answered anew.
    """

    source: list[int]
    start: list[int]
    seed: int


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


class Engine(Protocol):
    """Runs a model."""

    def write(self, requests: Sequence[Request], decoding: Decoding) -> list[list[list[int]]]:
        """Return `outputs` answers to each request, as token ids without the request's start.

        The answers to a request depend on it and the decoding alone, not on the other requests
        of the call or their order. On a CPU they are equal to the token; on a GPU, where requests
        of one batch are padded to one length, the last digits of a probability may differ, and
        with them, rarely, a token.
        """


def by_length(requests: Sequence[Request], size: int) -> Iterator[list[int]]:
    """Yield batches as positions in `requests`, the longest first, so that padding is short.

    Examples
    --------
    >>> requests = [Request([7] * length, [], seed=0) for length in (1, 5, 3)]
    >>> list(by_length(requests, 2))
    [[1, 2], [0]]
    """
    order = sorted(range(len(requests)), key=lambda index: (-len(requests[index].source), index))
    for start in range(0, len(order), size):
        yield order[start : start + size]
