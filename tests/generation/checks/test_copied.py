"""The check copied."""

from typing import Any

from tests.generation.checks.judging import Written, judge_views, list_reasons


def test_copied(encoder: Any) -> None:
    texts = [
        "A MILL wheel turns, in the river. The mill grinds",
        "A mill wheel turns in the bread of the oven",
        "The mill grinds wheat",
    ]
    verdicts = judge_views(encoder, "copied", *map(Written, texts))
    assert list_reasons(verdicts) == ["copied", "", ""]
