"""Results of systems with names that need escaping, and with significant differences."""

from corpus_tuner.eval.report import Result


def make_result(benchmark: str, system: str, value: float, p: float | None = None) -> Result:
    return Result(
        p_values={} if p is None else {"nDCG@10": p},
        benchmark=benchmark,
        language="en",
        system=system,
        documents=1,
        queries=1,
        measures={"nDCG@10": value, "MRR@100": 0},
        seconds=0,
    )


RESULTS = [
    make_result("a_1", "base", 0.5),
    make_result("a_1", "[new] & 100%", 0.75, 0.004),
    make_result("a_1", "other", 0.6, 0.03),
    make_result("a_1", "same", 0.51, 0.4),
    make_result("b", "base", 0.25),
]
