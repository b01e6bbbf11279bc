"""Tables and chart of the comparison with other libraries."""

from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from benchmarks.peers import tables
from benchmarks.peers.results import Cost, Quality, Results


def make_quality(collection: str, system: str, value: float, hits: int = 100) -> Quality:
    measures = {"nDCG@10": value, "MRR@100": value, "Recall@100": 1.0}
    library = "corpus_tuner" if system == "ours" else system
    return Quality(
        collection=collection, library=library, system=system, hits=hits, measures=measures
    )


COST = Cost(
    collection="a",
    library="theirs",
    system="theirs",
    index_seconds=1.25,
    index_mib=2,
    index_memory_mib=300,
    first_search_seconds=4,
    search_milliseconds=5,
    search_memory_mib=600,
)
RESULTS = Results(
    qualities=[
        make_quality("a", "theirs", 0.5),
        make_quality("b", "theirs", 0.75),
        make_quality("a", "ours", 0.625),
        make_quality("b", "ours", 0.5),
        make_quality("a", "half", 0.25),
        make_quality("a", "theirs", 0.125, hits=10),
    ],
    costs=[COST],
)


def test_the_best_average_is_first_and_systems_without_a_collection_are_left_out() -> None:
    _, _, *rows = tables.make_tables(RESULTS)["peers"].splitlines()
    assert rows == [
        "| theirs | 50.0 | **75.0** | **62.5** |",
        "| ours | **62.5** | 50.0 | 56.2 |",
    ]


def test_the_short_table_has_the_best_system_of_each_library() -> None:
    worse = [make_quality(name, "theirs", 0.5) for name in ("a", "b")]
    for one in worse:
        one.system = "theirs, too"
    results = Results(qualities=[*RESULTS.qualities, *worse])
    assert "theirs, too" in tables.make_tables(results)["peers_100"]
    assert "theirs, too" not in tables.make_tables(results)["peers"]


def test_searches_for_ten_hits_have_a_table_of_their_own() -> None:
    assert "| theirs | **12.5** | **12.5** |" in tables.make_tables(RESULTS)["peers_10"]


def test_costs_are_a_row_for_each_system() -> None:
    assert tables.make_tables(RESULTS)["peers_cost"].splitlines()[2:] == [
        "| theirs | 1.2 | 300 | 2.0 | 4.0 | 5.0 | 600 |"
    ]


def test_the_chart_names_all_systems(tmp_path: Path) -> None:
    plot = tmp_path / "summary.svg"
    tables.draw(RESULTS.qualities, plot)
    assert all(name in plot.read_text(encoding="utf-8") for name in ("theirs", "ours"))


def test_results_of_a_library_on_a_collection_are_replaced(tmp_path: Path) -> None:
    file = tmp_path / "peers.json"
    RESULTS.write(file)
    results = Results.read(file)
    results.add([make_quality("a", "theirs", 1.0)], [])
    results.write(file)
    found = {
        (one.collection, one.system): one.measures["nDCG@10"]
        for one in Results.read(file).qualities
    }
    assert found["a", "theirs"] == 1.0
    assert found["b", "theirs"] == 0.75
    assert Results.read(file).costs == [COST]
