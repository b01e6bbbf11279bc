"""The check well formed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from tests.generation.checks.judging import Written, judge_views, list_reasons


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("What does the mill grind?", "question", ""),
        ("what does the mill grind ?", "question", ""),
        ("What does the mill grind", "question", "a question without a question mark"),
        ("What does the mill grind", "title", ""),
        ("Mill", "title", "too few words"),
        ("mill " * 90, "summary", "too many words"),
        ("mill mill mill mill wheat", "keywords", "one word again and again"),
        ("wheat ▓▓▓▓ mill ◊◊", "keywords", "unusual characters"),
        ("Wie hoch ist die Miete für Mühlen?", "question", ""),
    ],
)
def test_well_formed(encoder: Any, text: str, kind: str, reason: str) -> None:
    assert list_reasons(judge_views(encoder, "well_formed", Written(text, kind))) == [reason]


@limits(deadline=None)
@given(text=st.text(max_size=60), kind=st.sampled_from(["question", "keywords"]))
def test_no_text_is_too_strange_to_judge(encoder: Any, text: str, kind: str) -> None:
    for name in ("well_formed", "language", "copied"):
        (verdict,) = judge_views(encoder, name, Written(text, kind))
        assert isinstance(verdict.reason, str)
