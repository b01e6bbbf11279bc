"""How many drafts of a layer to take, so that as a rule there are enough of them."""

from math import comb


class Widths:
    """Widths of drafted layers, by how many drafts were accepted so far.

    The layers of a round have rates of their own: the further down, the fewer parents live. A rate
    begins as if one draft of two had been accepted.

    Parameters
    ----------
    layers
        Of a round.
    most
        The width of a layer that was not drafted; no drafted one has more.
    confidence
        A layer is as wide as can be, so that there are enough drafts with more than this
        probability; 0 for the full width, always.
    """

    def __init__(self, layers: int, most: int, confidence: float) -> None:
        self._most = most
        self._confidence = confidence
        self._accepted = [1] * layers
        self._tried = [2] * layers

    def of(self, layer: int, drafts: int) -> int:
        """Return the width of a layer of a round with so many drafts; 1 at least."""
        rate = self._accepted[layer] / self._tried[layer]
        likely = 0.0  # that as many or more are accepted
        for width in range(drafts, 1, -1):
            likely += comb(drafts, width) * rate**width * (1 - rate) ** (drafts - width)
            if width <= self._most and likely > self._confidence:
                return width
        return 1

    def learn(self, layer: int, accepted: int, tried: int) -> None:
        """Take note of how many drafts of a layer were accepted, of how many."""
        self._accepted[layer] += accepted
        self._tried[layer] += tried
