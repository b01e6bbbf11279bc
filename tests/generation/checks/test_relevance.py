"""The check relevance."""

from typing import Any

from tests.generation.checks.judging import Written, judge_views, list_reasons


def test_relevance_leaves_out_the_share_of_the_sample(encoder: Any) -> None:
    texts = ["the mill grinds wheat", "wheat of the mill", "a doctor", "a court, a judge"]
    questions = [Written(text) for text in texts]
    titles = [Written(text, "title") for text in texts]
    verdicts = judge_views(encoder, "relevance", *questions, *titles, quantile=0.5)
    assert sum(bool(verdict.reason) for verdict in verdicts[:4]) == 2
    assert verdicts[4:] == verdicts[:4]
    assert not verdicts[0].reason
    assert not any(list_reasons(judge_views(encoder, "relevance", *questions, quantile=0)))


def test_relevance_goes_by_what_was_fitted_not_by_the_others(encoder: Any) -> None:
    fitted = {"relevance": {"question": 0.999}}
    near, far = Written("the mill grinds wheat."), Written("a doctor")
    for several in ([near, far], [far, near], [near], [far]):
        found = judge_views(encoder, "relevance", *several, fitted=fitted)
        assert list_reasons(found) == [
            "" if one is near else "far from its document" for one in several
        ]
    (verdict,) = judge_views(encoder, "relevance", Written("a doctor", "title"), fitted=fitted)
    assert not verdict.reason  # a kind that the sample did not have
