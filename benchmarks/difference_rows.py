"""Rows of tables of paired differences on several collections."""

from collections.abc import Sequence

from corpus_tuner.eval.trec.significance import Numbers, bootstrap_interval


def format_difference(name: str, differences: Sequence[Numbers]) -> list[str]:
    """Return a row with the mean difference on every collection, their average and its interval.

    Parameters
    ----------
    name
        Name of the row.
    differences
        Differences of the queries of every collection, as fractions; shown in points of 100.
    """
    means = [100 * float(own.mean()) for own in differences]
    low, high = (100 * end for end in bootstrap_interval(*differences))
    average = sum(means) / len(means)
    cells = [f"{mean:+.1f}" for mean in means]
    return [name, *cells, f"{average:+.2f}", f"{low:+.2f} to {high:+.2f}"]
