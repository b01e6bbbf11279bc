"""The benchmark of probabilities, on a tiny collection."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from benchmarks import reliability
from corpus_tuner import build, load_recipe
from tests.conftest import make_documents_with_topics, write_jsonl


def test_errors_of_probabilities() -> None:
    sure = np.array([1.0, 0.0, 1.0, 0.0])
    assert (
        reliability.compute_calibration_error(sure, sure)
        == reliability.compute_brier_score(sure, sure)
        == 0
    )
    half, relevant = np.full(100, 0.5), np.tile([0.0, 1.0], 50)
    assert reliability.compute_calibration_error(half, relevant) == pytest.approx(0)
    assert reliability.compute_brier_score(half, relevant) == pytest.approx(0.25)
    assert reliability.compute_calibration_error(half, np.ones(100)) == pytest.approx(0.5)
    chance = np.random.default_rng(0).random(103)
    assert sorted(reliability.bin_probabilities(chance, chance)[:, 2]) == [10] * 7 + [11] * 3


def test_a_collection_is_measured(
    tmp_path: Path, encoder_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    documents = make_documents_with_topics(60)
    write_jsonl(folder / "corpus.jsonl", documents)
    queries = [{"_id": one["_id"], "text": one["title"]} for one in documents[:20]]
    write_jsonl(folder / "queries.jsonl", queries)
    judged = "".join(f"{one['_id']}\t{one['_id']}\t1\n" for one in documents[:19])
    (folder / "qrels" / "test.tsv").write_text(judged, encoding="utf-8")
    chosen = [f"encoder.name={encoder_folder}", "language=en", "generator=null"]
    build(folder, tmp_path / "results" / "indexes" / "tiny", load_recipe(None, chosen))
    plot = tmp_path / "plot.svg"
    reliability.main([str(tmp_path / "results"), str(folder), "--plot", str(plot)])
    *_, row = capsys.readouterr().out.strip().splitlines()
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:2] == ["tiny", "19"]
    assert all(0 <= float(cell) <= 1 for cell in cells[2:])
    assert plot.read_text(encoding="utf-8").startswith("<?xml")
