"""Report of a tuned generator, and its model card."""

from pathlib import Path

import pytest

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.tuning.generator.report import (
    REPORT,
    TuningReport,
    read_report,
    write_generator_card,
)

MADE = TuningReport(
    output="out",
    base="some/t5",
    settings=GeneratorTuningSettings(seed=5),
    pairs={"keywords-en": 3, "title-en": 12345},
    held_out={"title-en": 50},
    steps=100,
    best_step=80,
    dev_loss=1.25,
    test_loss={"title-en": 1.5},
    test_rouge_l={"title-en": 0.42},
)


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_report(tmp_path) is None
    (tmp_path / REPORT).write_text(MADE.model_dump_json(), encoding="utf-8")
    assert read_report(tmp_path) == MADE


@pytest.mark.parametrize("text", ["", "{", "[]", '{"output": "out"}'])
def test_a_damaged_report_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / REPORT).write_text(text, encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=r"tuning\.json is damaged"):
        read_report(tmp_path)


def test_a_card_has_a_row_for_every_instruction(tmp_path: Path) -> None:
    write_generator_card(MADE, ["pairs.jsonl"], tmp_path)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    for text in (
        "Base: `some/t5`",
        "- pairs.jsonl",
        "| title-en | 12,345 | 50 | 1.500 | 0.420 |",
        "| keywords-en | 3 | 0 | nan | nan |",  # too few for a held-out part
        "after step 80, whose mean dev loss of 1.250",
        "seed: 5",
    ):
        assert text in card
