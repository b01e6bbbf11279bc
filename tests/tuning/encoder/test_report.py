"""Model card of a tuned encoder."""

from pathlib import Path
from typing import Any

from corpus_tuner.encoders.tuning_report import EncoderTuningReport, TuningVerdict
from corpus_tuner.tuning.encoder.report import list_candidates, write_encoder_card


def _report(by_share: dict[float, float], share: float, **changes: Any) -> EncoderTuningReport:
    verdict = TuningVerdict(
        queries=2000,
        candidates=5000,
        base=0.5,
        by_share=by_share,
        share=share,
        dense=(0.4, 0.45),
        gain=0.021,
        interval=(0.01, 0.032),
        better=True,
    )
    values: dict[str, Any] = {
        "output": "out",
        "base": "some/base",
        "settings": {"seed": 1},
        "languages": ("en", "de"),
        "documents": 1234,
        "held_out": (),
        "weighed": True,
        "steps": 40,
        "best_step": 30,
        "verdict": verdict,
    }
    return EncoderTuningReport(**values | changes)


def test_candidates_are_the_base_and_the_shares_of_training() -> None:
    assert list_candidates(_report({0.0: 0.51, 0.5: 0.53}, 0.5)) == [
        ("some/base", 0.5),
        ("idf weights of tokens, not trained", 0.51),
        ("0.5 of the training (chosen)", 0.53),
    ]
    assert list_candidates(_report({0.0: 0.51}, 0.0))[1][0] == "idf weights of tokens, not trained"


def test_a_card_states_data_verdict_and_settings(tmp_path: Path) -> None:
    write_encoder_card(_report({0.5: 0.53, 1.0: 0.52}, 0.5), ["mills.jsonl"], tmp_path)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    for text in (
        "language: [en, de]",
        "trained on titles, sentences and questions of 1,234 documents",
        "- mills.jsonl",
        "| 0.5 of the training (chosen) | 53.0 |",
        "+2.1 (+1.0 to +3.2). It is better than its base. In dense search: 45.0, and 40.0",
        "40 steps; the weights are those after step 30 (`curve.jsonl`)",
        "seed: 1",
    ):
        assert text in card


def test_a_card_without_training_names_no_steps(tmp_path: Path) -> None:
    report = _report({0.0: 0.51}, 0.0, steps=0, best_step=0)
    write_encoder_card(report, ["mills.jsonl"], tmp_path)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "It was not trained; its tokens have idf weights of 1,234 documents" in card
    assert "steps;" not in card and "interpolated" not in card
