"""Reports of a benchmark."""

from pathlib import Path


def test_published_figures_stand_beside(tmp_path: Path) -> None:
    from corpus_tuner.eval.report.assembly import find_published
    from corpus_tuner.eval.trec.benchmark import Benchmark

    scifact = Benchmark("scifact", "", {str(number): "?" for number in range(300)}, {})
    references, notes = find_published(scifact, 5183, ["R@100", "nDCG@10", "AP"])
    bm25 = references[0]
    assert bm25.system.startswith("BM25")
    assert bm25.measures == {"nDCG@10": 67.9, "R@100": 92.5}
    assert notes
    assert find_published(scifact, 100, ["nDCG@10"]) == ([], [])
