"""The probability that a hit is the document that the query asks for.

It is a softmax over the candidates of a query, with a temperature that calibration fitted on
pseudo-queries. The candidates are always those of a search without a filter: a filter chooses which
documents are shown, and does not make any of them more probable.
"""

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.representations import SCORE_DECIMALS, Scores


def compute_probabilities(
    scores: Scores, core: npt.NDArray[np.bool_], temperature: float
) -> Scores:
    """Return the probability of every document of a pool.

    Parameters
    ----------
    scores
        What they are ranked by, float64, shape (documents,).
    core
        Those whose probabilities sum to 1, shape (documents,). What another document has does not
        depend on how many documents the search returns.
    temperature
        Divisor of the scores, above 0.

    Returns
    -------
    float64, shape (documents,), from 0 to 1.

    Examples
    --------
    >>> compute_probabilities(np.array([1.0, 0.0, 0.0]), np.ones(3, bool), 0.5).round(2).tolist()
    [0.79, 0.11, 0.11]
    """
    if not core.any():
        return np.zeros(len(scores))
    powers = scores / temperature
    greatest = powers[core].max()
    shares = np.exp(np.minimum(powers - greatest, 0.0))
    found: Scores = (shares / shares[core].sum()).round(SCORE_DECIMALS)
    return found
