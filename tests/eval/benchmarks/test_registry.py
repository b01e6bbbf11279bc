"""Benchmarks by name: the data of the registry."""

from corpus_tuner.eval.benchmarks.registry import expand_suites, find_entry, load_registry
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import parse_measure

SAMPLES = {"sample-en", "sample-de"}


def test_the_registry_is_whole() -> None:
    known = load_registry()
    for name, entry in known.benchmarks.items():
        assert name == name.lower()
        assert bool(entry.ir_datasets) != bool(entry.hub), name  # one source each
        parse_measure(entry.measure)
        for reference in entry.references:
            assert reference.source
            for measure, value in reference.measures.items():
                parse_measure(measure)
                assert 1 < value <= 100, (name, reference)  # points, not fractions
    for members in known.suites.values():
        assert set(members) <= known.benchmarks.keys() | SAMPLES
    assert {entry.language for entry in known.benchmarks.values()} == {"en", "de", "pt"}
    assert known.benchmarks["arguana"].remove_self


def test_suites_stand_for_their_members() -> None:
    assert expand_suites(["quick", "scifact"]) == ["sample-en", "sample-de", "scifact"]


def test_a_benchmark_is_recognised_by_name_and_size() -> None:
    queries = {str(number): "?" for number in range(300)}
    assert (
        find_entry(Benchmark("scifact", "", queries, {})) is load_registry().benchmarks["scifact"]
    )
    assert find_entry(Benchmark("scifact", "", {"1": "?"}, {})) is None
    assert find_entry(Benchmark("mine", "", queries, {})) is None
