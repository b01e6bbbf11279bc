"""A layer of beams: what may follow it, how likely that is, and what was drawn."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from corpus_tuner.models.speculative.tree import Floats, Reader, Tree


class Beams(NamedTuple):
    """Beams of one layer.

    Attributes
    ----------
    nodes
        Where they stand, each once.
    counts
        How many stand there, shape (nodes,).
    scores
        Log-probabilities of what was written up to there, shape (nodes,).
    """

    nodes: list[int]
    counts: Floats
    scores: Floats

    @classmethod
    def at_root(cls, tree: Tree) -> "Beams":
        """Return the one beam that has written nothing."""
        return cls([tree.root], np.ones(1), np.zeros(1))


def going(tree: Tree, nodes: Sequence[int]) -> list[int]:
    """Return the nodes that have not ended."""
    return [node for node in nodes if not tree.has_ended(node)]


def continuations(tree: Tree, nodes: Sequence[int], reader: Reader) -> Floats:
    """Return the log-probabilities of what follows nodes, shape (nodes, vocabulary).

    A node that has ended is followed by its own token, for certain.
    """
    ended = [row for row, node in enumerate(nodes) if tree.has_ended(node)]
    logs = reader.read(tree, going(tree, nodes))
    if ended:
        every = np.full((len(nodes), logs.shape[1]), -np.inf)
        every[[row for row in range(len(nodes)) if row not in ended]] = logs
        every[ended, [tree.tokens[nodes[row]] for row in ended]] = 0
        return every
    return logs


def joint(beams: Beams, logs: Floats) -> Floats:
    """Return the probabilities of the next layer's beams.

    Parameters
    ----------
    beams
        The layer.
    logs
        What follows its nodes, shape (nodes, vocabulary).

    Returns
    -------
    numpy.ndarray
        Shape (nodes * vocabulary,); they sum to 1.
    """
    weights = logs + (beams.scores + np.log(beams.counts))[:, None]
    weights = np.exp(weights - weights.max()).ravel()
    p: Floats = weights / weights.sum()
    return p


def draw(p: Floats, count: int, chance: np.random.Generator) -> list[int]:
    """Return so many positions in `p`, drawn independently."""
    if not count:
        return []
    reached = p.cumsum()
    found = reached.searchsorted(chance.random(count) * reached[-1], side="right")
    return [int(position) for position in found]


def advance(tree: Tree, beams: Beams, logs: Floats, drawn: Sequence[int]) -> Beams:
    """Return the layer of what was drawn from `joint`."""
    scores: dict[int, float] = {}
    counts: Counter[int] = Counter()
    for position in drawn:
        row, token = divmod(position, logs.shape[1])
        node = tree.child(beams.nodes[row], token)
        scores[node] = beams.scores[row] + logs[row, token]
        counts[node] += 1
    return Beams(
        list(counts), np.array([*counts.values()], dtype=float), np.array([*scores.values()])
    )
