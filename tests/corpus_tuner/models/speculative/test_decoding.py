"""Speculative beam sampling is distributed as the large model's own."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from corpus_tuner.models.speculative import verification
from corpus_tuner.models.speculative.beams import draw
from corpus_tuner.models.speculative.decoding import Counts, Drafting, sample_beams, speculate
from corpus_tuner.models.speculative.tree import Tree
from corpus_tuner.models.speculative.verification import DEAD, residual, verify
from corpus_tuner.models.speculative.width import Widths
from tests.conftest import nightly
from tests.corpus_tuner.models.speculative.toys import (
    END,
    Outcome,
    Toy,
    agreement,
    distribution,
    new_tree,
    outcome,
)

DRAWS = 100_000 if nightly() else 1500
RIGHT, WRONG = 1e-3, 1e-9
"""p-values that a right distribution exceeds, and a wrong one does not reach."""

TARGET = Toy(1)
NEAR = Toy(2, like=TARGET, far=0.7)
OTHER = Toy(3)

P = np.array([0.4, 0.05, 0.25, 0.1, 0.2, 0.0])
Q = np.array([0.1, 0.3, 0.1, 0.1, 0.05, 0.15])  # and 0.2 for dead ones


def sampled(
    width: int, length: int, draft: Toy | None = None, drafting: tuple[int, int, float] = (1, 0, 0)
) -> Counter[Outcome]:
    """Count the last layers of many draws."""
    chance = np.random.default_rng(0)
    seen: Counter[Outcome] = Counter()
    for _ in range(DRAWS):
        tree = new_tree()
        if draft is None:
            beams, _ = sample_beams(TARGET, tree, width, length, chance)
        else:
            how = Drafting(*drafting)
            beams, _ = speculate(TARGET, draft, how, tree, width, length, chance)
        seen[outcome(tree, beams)] += 1
    return seen


def layer_agreement(width: int, drafts: int, layers: int) -> float:
    """Return the p-value of layers that were verified."""
    chance = np.random.default_rng(0)
    positions = draw(np.append(Q, 1 - Q.sum()), layers * drafts, chance)
    positions = [DEAD if position == len(Q) else position for position in positions]
    seen = np.zeros((len(P),) * width)
    for start in range(0, len(positions), drafts):
        taken = verify(P, Q, positions[start : start + drafts], width, chance).taken
        seen[tuple(taken)] += 1
    expected = P if width == 1 else np.outer(P, P)
    possible = expected > 0
    assert not seen[~possible].any()
    return float(chisquare(seen[possible], layers * expected[possible]).pvalue)


def test_what_is_taken_of_a_layer_is_drawn_independently_from_p() -> None:
    assert layer_agreement(2, 3, 100_000) > RIGHT


def test_a_broken_rule_is_found_in_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "residual", lambda p, q: p)
    assert layer_agreement(1, 1, 10_000) < WRONG


def test_plain_beam_sampling_is_as_enumerated() -> None:
    assert agreement(sampled(2, 3), distribution(TARGET, [2, 2, 2])) > RIGHT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draft", "widths", "drafting"),
    [
        (NEAR, [1, 1, 1], (2, 2, 0.0)),
        (NEAR, [2, 2, 2], (2, 2, 0.0)),
        (OTHER, [2, 2, 2], (3, 2, 0.0)),
        (NEAR, [2, 3], (4, 1, 0.6)),  # of 4 drafts 2 are as good as sure to be accepted
    ],
)
def test_speculative_beam_sampling_is_distributed_as_plain(
    draft: Toy, widths: list[int], drafting: tuple[int, int, float]
) -> None:
    seen = sampled(widths[-1], len(widths), draft, drafting)
    assert agreement(seen, distribution(TARGET, widths)) > RIGHT


@pytest.mark.slow
def test_a_broken_rule_is_found_in_beams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "residual", lambda p, q: p)
    seen = sampled(1, 2, OTHER, (2, 1, 0.0))
    assert agreement(seen, distribution(TARGET, [1, 1])) < WRONG


def test_a_draft_that_is_the_target_is_never_rejected() -> None:
    tree = new_tree()
    how = Drafting(beams=4, depth=3, confidence=0.0)
    _, counts = speculate(TARGET, TARGET, how, tree, 4, 8, np.random.default_rng(5))
    assert counts.accepted == counts.tried > 0
    assert counts.passes <= -(-counts.layers // 4)


def test_what_a_draft_cannot_write_is_written_all_the_same() -> None:
    p, q = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    verdict = verify(p, q, [0, 0, DEAD], 2, np.random.default_rng(0))
    assert verdict == ([1, 1], 0, 3)


def test_drafts_of_dead_parents_are_rejected_and_change_nothing() -> None:
    chance = np.random.default_rng(0)
    assert verify(P, 0 * P, [DEAD] * 3, 2, chance).accepted == 0
    assert np.array_equal(residual(P, 0 * P), P)


def test_no_more_drafts_are_looked_at_than_are_wanted() -> None:
    verdict = verify(P, P, [0, 2, 4, 3], 2, np.random.default_rng(0))
    assert verdict == ([0, 2], 2, 2)


@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("draft", [None, NEAR, OTHER])
def test_beams_end_at_the_end_or_at_the_length(draft: Toy | None, length: int) -> None:
    for seed in range(20):
        tree, chance = new_tree(), np.random.default_rng(seed)
        if draft is None:
            beams, counts = sample_beams(TARGET, tree, 3, length, chance)
        else:
            how = Drafting(3, 4, 0.0)
            beams, counts = speculate(TARGET, draft, how, tree, 3, length, chance)
        assert beams.counts.sum() == 3
        texts = [tree.written(node) for node in beams.nodes]
        for text, score in zip(texts, beams.scores, strict=True):
            assert len(text) == counts.layers or (text[-1] == END and len(text) < counts.layers)
            assert END not in text[:-1]
            steps = [TARGET.row(tuple(text[:at]))[token] for at, token in enumerate(text)]
            assert score == pytest.approx(sum(steps))
        assert max(map(len, texts)) <= counts.layers <= length
        assert counts.passes <= counts.layers
        assert draft or counts == Counts(layers=counts.layers, passes=counts.layers)


def test_the_same_seed_gives_the_same_beams() -> None:
    def once(seed: int) -> tuple[Outcome, Counts]:
        tree, chance = new_tree(), np.random.default_rng(seed)
        beams, counts = speculate(TARGET, NEAR, Drafting(3, 2, 0.5), tree, 3, 6, chance)
        return outcome(tree, beams), counts

    assert once(1) == once(1)
    assert len({once(seed)[0] for seed in range(20)}) > 1


def test_a_layer_is_as_wide_as_acceptance_lets_it_be() -> None:
    widths = Widths(layers=2, most=4, confidence=0.6)
    assert widths.of(0, drafts=4) == 2  # 11 of 16 cases have two or more
    assert Widths(layers=1, most=4, confidence=0.0).of(0, drafts=8) == 4
    assert Widths(layers=1, most=4, confidence=0.0).of(0, drafts=3) == 3
    widths.learn(0, accepted=40, tried=40)
    assert (widths.of(0, drafts=4), widths.of(1, drafts=4)) == (4, 2)
    widths.learn(1, accepted=0, tried=100)
    assert widths.of(1, drafts=4) == 1


def test_texts_that_are_alike_share_their_nodes() -> None:
    tree = Tree([7, 8], frozenset([2]))
    first = tree.child(tree.root, 5)
    assert tree.child(tree.root, 5) == first
    end = tree.child(first, 2)
    assert tree.has_ended(end) and tree.child(end, 5) == end
    assert tree.written(end) == [5, 2]
    assert not Tree([2], frozenset([2])).has_ended(0)  # the prompt's marks end nothing
