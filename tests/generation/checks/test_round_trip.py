"""The check round trip."""

from collections.abc import Sequence
from typing import Any

from corpus_tuner.generation.checks import (
    Candidate,
)
from tests.generation.checks.judging import Written, judge_views, list_reasons


def test_round_trip(encoder: Any) -> None:
    def nearest(queries: Sequence[Candidate], most: int) -> list[list[str]]:
        assert most == 7
        return [["m", "x"] if "mill" in query.view.text else ["x"] for query in queries]

    written = [Written("mill?"), Written("rent?")]
    verdicts = judge_views(encoder, "round_trip", *written, nearest=nearest, top=7)
    assert list_reasons(verdicts) == ["", "finds other documents first"]
