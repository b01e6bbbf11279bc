"""Reports of builds and additions."""

from pathlib import Path

from corpus_tuner import BuildReport, Corpus
from corpus_tuner.building.diff import Changes
from corpus_tuner.building.report import EXAMPLES
from corpus_tuner.corpora import CorpusSettings
from corpus_tuner.indexes.store.manifest import read_manifest
from tests.conftest import write_jsonl


def test_it_describes_the_index_and_the_changes(index: Path) -> None:
    changes = Changes(added=4, unchanged=40)
    report = BuildReport.of(index, Corpus([]), read_manifest(index), changes, skipped_changed=False)
    assert (report.index, report.language) == (str(index), "en")
    assert (report.documents, report.segments, report.changes) == (44, 2, changes)
    assert (report.vector_index, report.recall) == ("flat", None)
    assert (report.calibrated, report.uncalibrated, report.failing) == (False, None, ())
    assert report.views["passage"] >= 44
    assert report.skipped == {}
    assert not report.unchanged
    assert repr(report) == f"BuildReport({str(index)!r}, 44 documents, en)"
    assert "<table" in report._repr_html_()


def test_skipped_records_are_counted_with_examples(index: Path, tmp_path: Path) -> None:
    bad = [{"_id": f"b{number}", "text": 7} for number in range(EXAMPLES + 1)]
    path = write_jsonl(tmp_path / "bad.jsonl", [*bad, {"_id": "x", "text": "A mill."}])
    corpus = Corpus(path, CorpusSettings(on_bad_record="skip"))
    assert len(list(corpus)) == 1
    report = BuildReport.of(index, corpus, read_manifest(index), Changes(), skipped_changed=True)
    ((reason, count),) = report.skipped.items()
    assert count == EXAMPLES + 1
    assert len(report.examples[reason]) == EXAMPLES
    assert report.unchanged and report.skipped_changed
    assert report.repaired == ()
