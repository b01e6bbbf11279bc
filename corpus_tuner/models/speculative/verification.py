"""Which drafts are taken: speculative sampling for the beams of one layer."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from corpus_tuner.models.speculative.beams import draw
from corpus_tuner.models.speculative.tree import Floats

DEAD = -1
"""A draft whose parent was not taken: it has no probability."""


class Verdict(NamedTuple):
    """What was taken of a layer.

    Attributes
    ----------
    taken
        Positions in `p`, drawn independently from it.
    accepted
        So many of them, the first ones, are drafts.
    tried
        So many drafts were looked at.
    """

    taken: list[int]
    accepted: int
    tried: int


def verify(
    p: Floats, q: Floats, drafted: Sequence[int], width: int, chance: np.random.Generator
) -> Verdict:
    """Draw `width` positions from `p`, those of drafts wherever that can be.

    A draft is accepted with probability min(1, p / q); after a rejection p is what it has more
    than q (Leviathan et al., arXiv 2211.17192), after an acceptance it is whole again. With too few
    drafts, what is missing is drawn: one position from what p has become, the rest from p.

    Parameters
    ----------
    p
        Of the target, shape (positions,); they sum to 1.
    q
        Of the draft, shape (positions,); what they lack to 1 is that of dead positions.
    drafted
        Positions that were drawn from `q`, or `DEAD`.
    width
        How many to take; it must not depend on `drafted`.
    """
    taken: list[int] = []
    tried = 0
    rest = p
    for position in drafted:
        if len(taken) == width:
            break
        tried += 1
        if position != DEAD and chance.random() * q[position] < rest[position]:
            taken.append(position)
            rest = p
        else:
            rest = residual(rest, q)
    accepted = len(taken)
    if accepted < width:
        taken += draw(rest, 1, chance) + draw(p, width - accepted - 1, chance)
    return Verdict(taken, accepted, tried)


def residual(p: Floats, q: Floats) -> Floats:
    """Return what `p` has more than `q`, as probabilities."""
    more = np.maximum(p - q, 0)
    whole = more.sum()
    return more / whole if whole > 0 else p  # alike but for the last digits
