"""Models of three tokens, and what beam sampling must draw from them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from scipy.stats import chisquare

from corpus_tuner.models.speculative.beams import Beams, advance, continuations, going, joint
from corpus_tuner.models.speculative.tree import Floats, Tree

START, END = 0, 2
VOCABULARY = 3

Outcome = tuple[tuple[tuple[int, ...], int], ...]
"""The texts of a layer, each with the number of beams that wrote it."""


class Toy:
    """Random log-probabilities that depend on the whole text, or are not far from another's."""

    def __init__(self, seed: int, like: "Toy | None" = None, far: float = 1.0) -> None:
        self._seed = seed
        self._like = like
        self._far = far
        self._rows: dict[tuple[int, ...], Floats] = {}

    def read(self, tree: Tree, nodes: Sequence[int]) -> Floats:
        if not nodes:
            return np.empty((0, VOCABULARY))
        return np.stack([self.row(tuple(tree.written(node))) for node in nodes])

    def keep(self, tree: Tree, nodes: Sequence[int]) -> None:
        pass

    def row(self, text: tuple[int, ...]) -> Floats:
        if text not in self._rows:
            chance = np.random.default_rng([self._seed, *text, 9])
            row = self._far * chance.normal(size=VOCABULARY)
            if self._like is not None:
                row += self._like.row(text)
            self._rows[text] = row - np.log(np.exp(row).sum())
        return self._rows[text]


def new_tree() -> Tree:
    return Tree([START], frozenset([END]))


def outcome(tree: Tree, beams: Beams) -> Outcome:
    texts = [tuple(tree.written(node)) for node in beams.nodes]
    return tuple(sorted(zip(texts, map(int, beams.counts), strict=True)))


def distribution(model: Toy, widths: Sequence[int]) -> dict[Outcome, float]:
    """Return the probability of every last layer, by going through all that can be drawn."""
    tree = new_tree()
    layers = {outcome(tree, Beams.at_root(tree)): (Beams.at_root(tree), 1.0)}
    for width in widths:
        following: dict[Outcome, tuple[Beams, float]] = {}
        for before, (beams, probability) in layers.items():
            if not going(tree, beams.nodes):
                following[before] = beams, following.get(before, (beams, 0.0))[1] + probability
                continue
            logs = continuations(tree, beams.nodes, model)
            p = joint(beams, logs)
            for drawn in product(np.flatnonzero(p), repeat=width):
                reached = advance(tree, beams, logs, [int(position) for position in drawn])
                name = outcome(tree, reached)
                so_far = following.get(name, (reached, 0.0))[1]
                following[name] = reached, so_far + probability * float(p[list(drawn)].prod())
        layers = following
    return {name: probability for name, (_, probability) in layers.items()}


def agreement(seen: Counter[Outcome], expected: Mapping[Outcome, float]) -> float:
    """Return the p-value of a chi-square test; outcomes that are rare count as one."""
    draws = seen.total()
    assert set(seen) <= set(expected)
    usual = [name for name, p in expected.items() if p * draws >= 10]
    wanted = [expected[name] * draws for name in usual]
    found = [seen[name] for name in usual]
    if draws - sum(wanted) >= 10:
        wanted.append(draws - sum(wanted))
        found.append(draws - sum(found))
    wanted_all = np.array(wanted) * (sum(found) / sum(wanted))
    return float(chisquare(found, wanted_all).pvalue)
