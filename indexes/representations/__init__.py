"""Representations: how the vectors of a document's views become what is indexed.

A file here is a representation: it holds ``Settings`` and ``Representation``, which is made from
them (`indexes.registry`).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from indexes.encoders import Vectors
from indexes.registry import PartSettings, part


class Rows(NamedTuple):
    """What one document gives to the index.

    Attributes
    ----------
    vectors
        float32, shape (rows, dimension), of length 1.
    views
        int32, shape (rows,): which of the document's views each row shows as its match.
    """

    vectors: Vectors
    views: npt.NDArray[np.int32]


class Representation(Protocol):
    """Turns one document's view vectors into rows of the index.

    Attributes
    ----------
    name
        The name of its file, and of its vectors in the index.
    """

    name: str

    def rows(self, kinds: Sequence[str], vectors: Vectors) -> Rows:
        """Return the rows for a document.

        Parameters
        ----------
        kinds
            The kind of each view; at least one is ``passage``.
        vectors
            float32, shape (views, dimension): their vectors, in the same order.
        """


def open_representation(settings: PartSettings) -> Representation:
    """Make the representation that `settings` describe."""
    representation: Representation = part(__name__, settings.name).Representation(settings)
    return representation
