"""Report of a fine-tuned encoder."""

import os
from pathlib import Path

import pytest

from corpus_tuner.encoders.tuning_report import (
    REPORT,
    EncoderTuningReport,
    TuningVerdict,
    find_held_out,
    find_report,
    read_report,
)
from corpus_tuner.errors import CorpusTunerError


def write_report(folder: Path, share: float) -> EncoderTuningReport:
    verdict = TuningVerdict(
        queries=4,
        candidates=9,
        base=0.5,
        by_share={0.0: 0.5, 1.0: 0.6},
        share=share,
        dense=(0.4, 0.5),
        gain=0.1,
        interval=(0.05, 0.15),
        better=True,
    )
    report = EncoderTuningReport(
        output=str(folder),
        base="builtin",
        settings={"epochs": 1},
        languages=("en",),
        documents=2,
        held_out=("0a", "0b"),
        weighed=True,
        steps=10,
        best_step=5,
        verdict=verdict,
    )
    (folder / REPORT).write_text(report.model_dump_json(), encoding="utf-8")
    return report


def test_a_report_comes_back(tmp_path: Path) -> None:
    assert read_report(tmp_path) is None
    report = write_report(tmp_path, share=1.0)
    assert read_report(tmp_path) == find_report(str(tmp_path)) == report


def test_a_name_that_is_no_folder_has_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "builtin").mkdir()
    write_report(tmp_path / "builtin", share=1.0)
    assert find_report("builtin") is None
    assert find_report(f"{tmp_path}{os.sep}nowhere") is None


def test_documents_are_held_out_only_of_trained_weights(tmp_path: Path) -> None:
    write_report(tmp_path, share=1.0)
    assert find_held_out(str(tmp_path)) == {"0a", "0b"}
    write_report(tmp_path, share=0.0)
    assert find_held_out(str(tmp_path)) == find_held_out("builtin") == set()


def test_a_damaged_report_is_an_error(tmp_path: Path) -> None:
    write_report(tmp_path, share=1.0)
    text = (tmp_path / REPORT).read_text(encoding="utf-8")
    for damaged in (text[:-9], text.replace('"steps":10', '"steps":"ten"'), "[]"):
        (tmp_path / REPORT).write_text(damaged, encoding="utf-8")
        with pytest.raises(CorpusTunerError, match=r"tuning\.json is damaged .*tune again"):
            read_report(tmp_path)
