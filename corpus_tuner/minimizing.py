"""The least value of a convex function of a few numbers, none of them negative.

Newton's method, projected: a number at 0 that would become negative stays there (Bertsekas,
"Projected Newton Methods for Optimization Problems with Simple Constraints", SIAM Journal on
Control and Optimization 20(2), 1982).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Function = Callable[[Array], tuple[float, Array, Array]]
"""Returns the value, the gradient, shape (numbers,), and the Hessian, (numbers, numbers)."""

_STEPS = 100
_FLAT = 1e-8  # a gradient that is as good as none
_LEAST_GAIN = 1e-10  # of the value, relative: with less it is done
_ARMIJO = 1e-4  # share of the gain that the gradient promises
_HALVINGS = 30


def minimize(function: Function, start: Array) -> Array:
    """Return where a convex function is least, all numbers being 0 or more.

    Parameters
    ----------
    function
        Convex, and smooth.
    start
        Where to begin, shape (numbers,). A number that changes nothing keeps its value.

    Examples
    --------
    >>> import numpy as np
    >>> def bowl(x):  # least at (1, -1)
    ...     return float(((x - [1, -1]) ** 2).sum()), 2 * (x - [1, -1]), 2 * np.eye(2)
    >>> minimize(bowl, np.zeros(2)).round(6).tolist()
    [1.0, 0.0]
    """
    here = np.asarray(start, np.float64)
    value, gradient, hessian = function(here)
    for _ in range(_STEPS):
        free = (here > 0) | (gradient < 0)
        if not free.any() or abs(gradient[free]).max() <= _FLAT:
            break
        step = np.zeros_like(here)
        step[free] = np.linalg.pinv(hessian[np.ix_(free, free)], hermitian=True) @ gradient[free]
        before = value
        for halving in range(_HALVINGS):
            there = np.maximum(here - step / 2**halving, 0)
            value, *rest = function(there)
            if value <= before - _ARMIJO * float(gradient @ (here - there)):
                break
        else:
            break  # as near as numbers can tell
        here, (gradient, hessian) = there, rest
        if before - value <= _LEAST_GAIN * abs(before):
            break
    return here
