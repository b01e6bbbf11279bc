"""Topics: documents that are near one another, so that a batch asks for some of a kind.

The others of a batch are what a query must not find, and those of another topic are told apart at
a glance (topic-aware sampling: Hofstätter et al., arXiv 2104.06967).
"""

from collections.abc import Sequence

import faiss
import numpy as np
import numpy.typing as npt

_ROUNDS = 10  # of k-means


def topics(vectors: npt.NDArray[np.floating], size: int, seed: int) -> Sequence[Sequence[int]]:
    """Return the positions of documents, topic by topic.

    Parameters
    ----------
    vectors
        Of the documents, shape (documents, dimension), unit length.
    size
        Documents of a topic, on average.
    seed
        Of the first centres.
    """
    count = max(1, len(vectors) // size)
    rows = np.ascontiguousarray(vectors, np.float32)
    means = faiss.Kmeans(
        rows.shape[1], count, niter=_ROUNDS, seed=seed, spherical=True, min_points_per_centroid=1
    )
    means.train(rows)
    _, nearest = means.index.search(rows, 1)
    return [
        found.tolist()
        for topic in range(count)
        if len(found := np.flatnonzero(nearest[:, 0] == topic))
    ]
