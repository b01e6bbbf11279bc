"""How likely a hit is the document that was asked for: a score that queries have in common.

It is the softmax over the documents that were looked at, with the sharpness that calibration
fitted on pseudo-queries: documents among which the query does not decide share the likelihood.
"""

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.representations import SCORE_DECIMALS, Scores


def likelihoods(scores: Scores, core: npt.NDArray[np.bool_], sharpness: float) -> Scores:
    """Return how likely every document of a pool is the one that was asked for.

    Parameters
    ----------
    scores
        What they are ranked by, float64, shape (documents,).
    core
        Those that share the likelihood of 1, shape (documents,), so that it does not depend on how
        many are asked for.
    sharpness
        What scores are multiplied by; at least 0.

    Returns
    -------
    float64, shape (documents,), from 0 to 1.

    Examples
    --------
    >>> likelihoods(np.array([1.0, 0.0, 0.0]), np.ones(3, bool), 2.0).round(2).tolist()
    [0.79, 0.11, 0.11]
    """
    if not core.any():
        return np.zeros(len(scores))
    powers = sharpness * scores
    greatest = powers[core].max()
    shares = np.exp(np.minimum(powers - greatest, 0.0))
    found: Scores = (shares / shares[core].sum()).round(SCORE_DECIMALS)
    return found
