"""Tables of the paper's method, and the weight of the average."""

from benchmarks.paper import WEIGHTS, choose_weight, tabulate
from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES, MeasuredRun


def _measured(*values: float) -> MeasuredRun:
    queries = {f"q{number}": value for number, value in enumerate(values)}
    return dict.fromkeys(DEFAULT_MEASURES, queries)


def _systems(best: float) -> dict[str, MeasuredRun]:
    """Return systems of which ``mean`` with one weight gains .1, and ``views`` nothing."""
    systems = {"passage": _measured(0.5, 0.7)}
    for variant in ("generated", "generated, checked", "tuned, checked"):
        for weight in WEIGHTS:
            gain = 0.1 if weight == best else -0.1
            systems[f"{weight}: {variant}"] = _measured(0.5 + gain, 0.7 + gain)
        systems[f"views: {variant}"] = _measured(0.5, 0.7)
    return systems


def test_weights_are_chosen_on_the_other_collections() -> None:
    assert choose_weight("generated", [_systems(0.3)]) == "0.3"
    rows = tabulate({"one": _systems(0.3), "two": _systems(0.3), "three": _systems(0.5)}, "MRR@100")
    assert rows[1] == ["passage", "60.0", "60.0", "60.0", "60.00", ""]
    by_name = {row[0].partition(" (")[0]: row for row in rows}
    mean = by_name["mean: tuned, checked"]
    assert mean[0].endswith("(0.3, 0.3, 0.3)")
    assert mean[1:4] == ["+10.0", "+10.0", "-10.0"]
    assert by_name["views: generated"][1:5] == ["+0.0", "+0.0", "+0.0", "+0.00"]
