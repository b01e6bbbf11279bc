"""Beam sampling, plain and speculative: the same distribution, with fewer passes of the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from corpus_tuner.models.speculative.beams import (
    Beams,
    advance,
    continuations,
    draw,
    going,
    joint,
)
from corpus_tuner.models.speculative.tree import Floats, Reader, Tree
from corpus_tuner.models.speculative.verification import DEAD, verify
from corpus_tuner.models.speculative.width import Widths


class Drafting(NamedTuple):
    """How a draft writes ahead.

    Attributes
    ----------
    beams
        Of each layer.
    depth
        Layers of a round.
    confidence
        As in `Widths`.
    """

    beams: int
    depth: int
    confidence: float


@dataclass
class Counts:
    """What beam sampling took.

    Attributes
    ----------
    layers
        That were drawn, a token each; a beam that has ended stays as it is.
    passes
        Of the target.
    drafting
        Passes of the draft.
    drafted, tried, accepted
        Beams that were drafted, looked at, and taken.
    """

    layers: int = 0
    passes: int = 0
    drafting: int = 0
    drafted: int = 0
    tried: int = 0
    accepted: int = 0


class _Layer(NamedTuple):
    """A drafted layer.

    Attributes
    ----------
    parents
        Nodes of the layer before it.
    q
        Probabilities of their children, shape (parents, vocabulary).
    drawn
        Positions in `q`, drawn independently.
    nodes
        Those that were drawn, each once.
    """

    parents: list[int]
    q: Floats
    drawn: list[int]
    nodes: list[int]


def sample_beams(
    model: Reader, tree: Tree, width: int, length: int, chance: np.random.Generator
) -> tuple[Beams, Counts]:
    """Sample beams, one layer a pass.

    Parameters
    ----------
    model
        What writes.
    tree
        Of the prompt alone; it takes what is written.
    width
        Beams of a layer.
    length
        Layers, at most.
    chance
        Random numbers.

    Returns
    -------
    Beams
        The last layer.
    Counts
        What it took.
    """
    beams, counts = Beams.at_root(tree), Counts()
    while counts.layers < length and going(tree, beams.nodes):
        logs = continuations(tree, beams.nodes, model)
        beams = advance(tree, beams, logs, draw(joint(beams, logs), width, chance))
        model.keep(tree, beams.nodes)
        counts.layers += 1
        counts.passes += 1
    return beams, counts


def speculate(
    target: Reader,
    draft: Reader,
    drafting: Drafting,
    tree: Tree,
    width: int,
    length: int,
    chance: np.random.Generator,
) -> tuple[Beams, Counts]:
    """Sample beams of `target` that `draft` writes ahead; else as `sample_beams`.

    A round ends with the layer in which a beam stands where nothing was drafted, so that the target
    has not read it; after the last of its layers, one more is drawn from what the target has read.
    """
    beams, counts = Beams.at_root(tree), Counts()
    widths = Widths(drafting.depth, width, drafting.confidence)
    while counts.layers < length and going(tree, beams.nodes):
        depth = min(drafting.depth, length - counts.layers - 1)
        layers = _draft(draft, tree, beams, drafting.beams, depth, chance)
        target.read(tree, going(tree, [*beams.nodes, *chain(*(layer.nodes for layer in layers))]))
        counts.passes += 1
        counts.drafting += len(layers)
        counts.drafted += sum(len(layer.drawn) for layer in layers)
        for number, layer in enumerate(layers):
            logs = continuations(tree, beams.nodes, target)
            wanted = widths.of(number, len(layer.drawn))
            verdict = verify(joint(beams, logs), *_alive(layer, beams.nodes), wanted, chance)
            beams = advance(tree, beams, logs, verdict.taken)
            widths.learn(number, verdict.accepted, verdict.tried)
            counts.layers += 1
            counts.tried += verdict.tried
            counts.accepted += verdict.accepted
            if not set(beams.nodes) <= set(layer.nodes) or not going(tree, beams.nodes):
                break
        else:
            logs = continuations(tree, beams.nodes, target)
            beams = advance(tree, beams, logs, draw(joint(beams, logs), width, chance))
            counts.layers += 1
        for model in (target, draft):
            model.keep(tree, beams.nodes)
    return beams, counts


def _draft(
    draft: Reader, tree: Tree, beams: Beams, width: int, depth: int, chance: np.random.Generator
) -> list[_Layer]:
    """Return drafted layers: fewer than `depth` where all has ended."""
    layers: list[_Layer] = []
    while len(layers) < depth and going(tree, beams.nodes):
        parents = beams.nodes
        logs = continuations(tree, parents, draft)
        q = joint(beams, logs)
        drawn = draw(q, width, chance)
        beams = advance(tree, beams, logs, drawn)
        layers.append(_Layer(parents, q.reshape(logs.shape), drawn, beams.nodes))
    return layers


def _alive(layer: _Layer, alive: Sequence[int]) -> tuple[Floats, list[int]]:
    """Return the probabilities of living parents' children, and what was drawn as positions there.

    Dead parents' children are left out: the target gives them no probability.
    """
    rows = [layer.parents.index(node) for node in alive]
    columns = {row: column for column, row in enumerate(rows)}
    vocabulary = layer.q.shape[1]
    drawn = []
    for position in layer.drawn:
        row, token = divmod(position, vocabulary)
        drawn.append(columns[row] * vocabulary + token if row in columns else DEAD)
    return layer.q[rows].ravel(), drawn
