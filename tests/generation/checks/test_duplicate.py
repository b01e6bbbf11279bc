"""The check duplicate."""

from typing import Any

from tests.generation.checks.judging import Written, judge_views, list_reasons


def test_duplicate(encoder: Any) -> None:
    texts = ["the mill grinds wheat.", "what is rent?", "What is rent?", "who is the tenant?"]
    verdicts = judge_views(encoder, "duplicate", *map(Written, texts), similarity=0.9999)
    again = "there is such a view already"
    assert list_reasons(verdicts) == [again, "", again, ""]
