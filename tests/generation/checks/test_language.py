"""The check language."""

from typing import Any

from tests.generation.checks.judging import Written, judge_views, list_reasons


def test_language(encoder: Any) -> None:
    german = "wie hoch ist die miete nach dem gesetz im winter?"
    english = "how high is the rent by law in the winter?"
    written = [Written(german), Written(english), Written(german, language="de")]
    short = Written("miete und gesetz")
    found = list_reasons(judge_views(encoder, "language", *written, short))
    assert found == ["another language", "", "", ""]
