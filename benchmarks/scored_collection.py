"""A collection whose queries and pseudo-queries are scored by every ranker, to try further scores.

A use of generated text replaces the scores of a ranker, or adds a ranker; weights are calibrated as
in `corpus_tuner.calibration.weights`, and hybrid search ranks by the weighted sum.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from corpus_tuner.calibration.likelihood import Likelihood, ScoredQuery
from corpus_tuner.calibration.pseudo_queries import PseudoQueries
from corpus_tuner.calibration.weights import sample_targets, score_queries
from corpus_tuner.config.recipe import read_stored_recipe
from corpus_tuner.core.documents import View
from corpus_tuner.encoders import Encoder
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import QueryValues, measure_queries
from corpus_tuner.eval.trec.runs import Run, break_ties
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.lexical.bm25 import LexicalIndex
from corpus_tuner.indexes.lexical.postings import write_postings
from corpus_tuner.indexes.lexical.terms import extract_terms
from corpus_tuner.indexes.representations import SCORE_DECIMALS, Scores
from corpus_tuner.indexes.search.candidates import Candidates
from corpus_tuner.indexes.search.fusion import normalize_scores
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import FEEDBACK, RERANKER

MEASURE = "nDCG@10"
DEPTH = 100

Weights = Mapping[str, float]


def fuse(candidates: Candidates, weights: Weights) -> Scores:
    """Return the weighted sum of the normalized scores of rankers, and feedback."""

    def normalize(scores: Scores) -> Scores:
        return normalize_scores(scores, "zscore", candidates.core)

    used = {name: weight for name, weight in weights.items() if weight and name != FEEDBACK}
    fused = sum(weight * normalize(candidates.scores[name]) for name, weight in used.items())
    feedback = normalize(candidates.compute_feedback(np.asarray(fused)))
    return np.asarray(fused + weights[FEEDBACK] * feedback).round(SCORE_DECIMALS)


def calibrate(queries: Sequence[ScoredQuery], default: Weights) -> dict[str, float]:
    """Return weights calibrated on scored pseudo-queries; new rankers have a default weight of 0.

    Examples
    --------
    >>> calibrate([], {"passage": 0.5, "feedback": 0.1})  # nothing to learn from
    {'passage': 0.5, 'feedback': 0.1}
    """
    if not queries:
        return {**default}
    names = [*queries[0].candidates.scores]
    before = {name: default.get(name, 0.0) for name in names}
    likelihood = Likelihood(queries, names)
    trust, best = likelihood.estimate_trust(before), likelihood.fit_weights()
    total = sum(before.values())
    weights = {
        name: round((trust * best[name] * total + own) / (trust + 1), 3)
        for name, own in before.items()
    }
    return {**weights, FEEDBACK: default[FEEDBACK]}


@dataclass(frozen=True)
class ScoredCollection:
    """A benchmark with an index that has no generated text.

    Attributes
    ----------
    benchmark
        Queries and judgments.
    searcher, encoder
        The index, and its encoder.
    views
        Generated views that the checks accepted, by the ordinal of their document.
    candidates
        Candidates of every query.
    targets
        Pseudo-queries: held-out sentences.
    pseudo
        Candidates of the pseudo-queries.
    """

    benchmark: Benchmark
    searcher: Searcher
    encoder: Encoder
    views: list[list[View]]
    candidates: list[Candidates]
    targets: list[PseudoQueries]
    pseudo: list[ScoredQuery]

    @classmethod
    def score(
        cls, benchmark: Benchmark, searcher: Searcher, encoder: Encoder, generated: Path
    ) -> "ScoredCollection":
        """Score all queries and pseudo-queries; `generated` is an index with generated views."""
        settings = read_stored_recipe(searcher.manifest).search
        targets = sample_targets(searcher)
        candidates = searcher.find_candidates([*benchmark.queries.values()], DEPTH, settings)
        pseudo = score_queries(searcher, encoder, targets, settings)
        views = read_generated(generated, encoder, searcher)
        return cls(benchmark, searcher, encoder, views, list(candidates), targets, pseudo)

    @cached_property
    def default(self) -> dict[str, float]:
        """Default weights."""
        weights = read_stored_recipe(self.searcher.manifest).search.hybrid.model_dump()
        return {name: weight for name, weight in weights.items() if name != RERANKER}

    @cached_property
    def weights(self) -> dict[str, float]:
        """Calibrated weights."""
        return calibrate(self.pseudo, self.default)

    def rank(self, score: Callable[[int], Scores]) -> Run:
        """Return a run, given the scores of the candidates of every query by its position."""
        run = {}
        for number, (query, candidates) in enumerate(
            zip(self.benchmark.queries, self.candidates, strict=True)
        ):
            scores = score(number)
            best = np.argsort(-scores, kind="stable")[:DEPTH]
            ids = self.searcher.segments.read_ids(candidates.documents[best])
            run[query] = break_ties(list(zip(ids, scores[best].tolist(), strict=True)))
        return run

    def measure(
        self, weights: Weights, candidates: Sequence[Candidates] | None = None
    ) -> QueryValues:
        """Return the measure of every query, with these or with other scores."""
        candidates = candidates or self.candidates
        run = self.rank(lambda number: fuse(candidates[number], weights))
        return measure_queries(self.benchmark.qrels, run, [MEASURE])[MEASURE]

    def index_texts(
        self, ranker: LexicalRanker, windows: Sequence[Sequence[str]], folder: Path
    ) -> LexicalIndex:
        """Index texts of every document for a lexical ranker."""
        lexical = self.searcher.manifest.lexical
        assert lexical
        texts = (text for own in windows for text in own)
        write_postings((extract_terms(ranker, text, lexical) for text in texts), folder, ranker)
        counts = np.array([len(own) for own in windows], np.int32)
        return LexicalIndex([folder], ranker, lexical, counts, np.ones(len(counts), bool))

    def score_texts(
        self,
        name: str,
        ranker: LexicalRanker,
        windows: Sequence[Sequence[str]],
        of_targets: Sequence[str],
    ) -> "ScoredCollection":
        """Return the collection with scores by BM25 of other texts of every document.

        Parameters
        ----------
        name
            Name of the ranker, which is replaced if it is there.
        ranker
            What terms there are.
        windows
            Texts of every document.
        of_targets
            Text of the document of every held-out sentence, without the sentence.
        """
        how = getattr(read_stored_recipe(self.searcher.manifest).search, ranker)
        with TemporaryDirectory() as folder:
            index = self.index_texts(ranker, windows, Path(folder))

            def add(one: Candidates, query: str) -> Candidates:
                scores = index.score(query, how)[one.documents]
                return replace(one, scores={**one.scores, name: scores})

            queries = self.benchmark.queries.values()
            candidates = [add(*pair) for pair in zip(self.candidates, queries, strict=True)]
            pseudo = []
            texts = [
                (query, own)
                for target, own in zip(self.targets, of_targets, strict=True)
                for query in target.queries
            ]
            for (one, position), (query, own) in zip(self.pseudo, texts, strict=True):
                scored = add(one, query)
                scored.scores[name][position] = index.score_texts(query, [own], how)[0]
                pseudo.append(ScoredQuery(scored, position))
        return replace(self, candidates=candidates, pseudo=pseudo)


def read_generated(index: Path, encoder: Encoder, searcher: Searcher) -> list[list[View]]:
    """Return the generated views of an index, in the order of the documents of another one."""
    with Searcher.open(index, encoder=encoder) as generated:
        stored = generated.segments.read_stored(np.arange(len(generated)))
    views = {one.document.id: [view for view in one.views if view.invented] for one in stored}
    return [views[id_] for id_ in searcher.segments.read_ids(np.arange(len(searcher)))]
