"""The tree of all that was written in answer to one request."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Tree:
    """Tokens that follow one another.

    A node is a number; that of a parent is smaller than that of its child. What follows a node
    once, follows it always: beams that wrote the same share their nodes.

    Parameters
    ----------
    prompt
        Tokens that all begin with, one at least.
    ends
        Tokens after which nothing comes.
    """

    def __init__(self, prompt: Sequence[int], ends: frozenset[int]) -> None:
        self.tokens = list(prompt)
        self.parents = [node - 1 for node in range(len(prompt))]
        self.depths = list(range(len(prompt)))
        self.root = len(prompt) - 1
        self._ends = ends
        self._children: dict[tuple[int, int], int] = {}

    def child(self, node: int, token: int) -> int:
        """Return the node of a token after another; one that has ended stays where it is."""
        if self.has_ended(node):
            return node
        key = (node, token)
        if key not in self._children:
            self._children[key] = len(self.tokens)
            self.tokens.append(token)
            self.parents.append(node)
            self.depths.append(self.depths[node] + 1)
        return self._children[key]

    def has_ended(self, node: int) -> bool:
        """Tell whether nothing comes after a node; the prompt may have marks of the end in it."""
        return node > self.root and self.tokens[node] in self._ends

    def path(self, node: int) -> list[int]:
        """Return the nodes from the first of the prompt to `node`."""
        path = []
        while node >= 0:
            path.append(node)
            node = self.parents[node]
        return path[::-1]

    def written(self, node: int) -> list[int]:
        """Return the tokens from after the prompt to `node`."""
        return [self.tokens[step] for step in self.path(node)[self.root + 1 :]]


class Reader(Protocol):
    """A model that reads a tree."""

    def read(self, tree: Tree, nodes: Sequence[int]) -> Floats:
        """Return what follows nodes that have not ended, as log-probabilities.

        What was not read yet, of them and those before them, is read in one pass.

        Returns
        -------
        numpy.ndarray
            Shape (nodes, vocabulary); -inf for what cannot follow.
        """

    def keep(self, tree: Tree, nodes: Sequence[int]) -> None:
        """Forget all but `nodes` and those before them."""
