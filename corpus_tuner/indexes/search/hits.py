"""Hits: documents with their scores, snippets and the contributions of all rankers."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from corpus_tuner.core.documents import Document, View, shorten_text
from corpus_tuner.core.html_tables import render_html_table
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS
from corpus_tuner.indexes.representations import SCORE_DECIMALS
from corpus_tuner.indexes.search.backend import Index, Match
from corpus_tuner.indexes.search.candidates import Ranking
from corpus_tuner.indexes.search.fusion import Contribution
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.search.snippets import Snippet, choose_snippet, score_windows
from corpus_tuner.indexes.store.search_settings import DENSE_RANKERS
from corpus_tuner.indexes.vectors import Ordinals

_SHOWN = 160  # characters of a passage in a table


@dataclass(frozen=True, slots=True)
class RankerScore:
    """Score of a hit by one ranker.

    Attributes
    ----------
    score
        The ranker's own score: a cosine, BM25, or the logit of a reranker; 0 where there is none.
    rank
        Rank of the hit by only this ranker, among the candidates; ``None`` where the hit shares no
        term with the query, or was not reranked.
    part
        Contribution to the hit's score.
    """

    score: float
    rank: int | None
    part: float


@dataclass(frozen=True)
class HitContents:
    """What a hit shows; the attributes are those of `Hit`."""

    document: Document
    view: View
    passage: Snippet


class _LazyContents:
    """What a hit shows, read and chosen when it is needed: `HitContents` that cost no time."""

    def __init__(self, match: Match, choose: Callable[[Match], Snippet]) -> None:
        self._match = match
        self._choose = choose

    @property
    def document(self) -> Document:
        return self._match.document

    @property
    def view(self) -> View:
        return self._match.view

    @cached_property
    def passage(self) -> Snippet:
        return self._choose(self._match)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HitContents | _LazyContents) and (
            (self.document, self.view, self.passage) == (other.document, other.view, other.passage)
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type, tuple[Document, View, Snippet]]:
        return HitContents, (self.document, self.view, self.passage)


@dataclass(frozen=True)
class Hit:
    """A document that matches a query.

    Attributes
    ----------
    contents
        What the hit shows, which is read when it is first used: `document`, `view` and `passage`.
    rank
        Rank, from 1.
    score
        Fused score; among equal scores the smaller document id leads. Scores of different modes, or
        of different queries in hybrid mode, do not compare.
    probability
        Probability of relevance, from 0 to 1, as calibration estimated it on pseudo-queries. It is
        comparable between queries, and a filter does not change it. ``None`` where the index is not
        calibrated, or not searched with the weights that were chosen.
    rankers
        Score by every ranker with a weight, by name.
    similar
        Ids of documents with nearly the same text, which follow in the ranking and were folded into
        this hit, at most `corpus_tuner.indexes.search.collapsing.MAX_SIMILAR`.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as searcher:
    ...     (hit,) = searcher.search("the old water mill", k=1)
    >>> hit.rank, hit.document.id, hit.rankers["words"].rank
    (1, 'mill', 1)
    >>> hit.document.text[hit.passage.start : hit.passage.end] == hit.passage.text
    True
    """

    contents: HitContents | _LazyContents = field(repr=False)
    rank: int
    score: float
    probability: float | None
    rankers: Mapping[str, RankerScore]
    similar: tuple[str, ...] = ()

    @property
    def document(self) -> Document:
        """The document."""
        return self.contents.document

    @property
    def view(self) -> View:
        """View nearest to the query; in lexical mode the passage."""
        return self.contents.view

    @property
    def passage(self) -> Snippet:
        """Snippet of the document's text, as long as the encoder reads at once.

        It is the window that contains the view, or else is nearest to the query itself; where
        lexical rankers contribute more than dense ones, the window with the best BM25 score.
        """
        return self.contents.passage

    def __repr__(self) -> str:
        probable = "" if self.probability is None else f", probability={self.probability:.3f}"
        title = f", {shorten_text(self.document.title)}" if self.document.title else ""
        return f"Hit({self.rank}, {self.document.id!r}{title}, score={self.score:.3f}{probable})"


class Hits(list[Hit]):
    """The hits of one query, best first: a list that notebooks show as a table.

    Attributes
    ----------
    warning
        Message if the time limit of the reranker was exceeded, else ``None``.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as searcher:
    ...     hits = searcher.search("the old water mill", k=2)
    >>> hits[0].document.id, hits._repr_html_().count("<tr>")
    ('mill', 3)
    """

    def __init__(self, hits: Iterable[Hit] = (), warning: str | None = None) -> None:
        super().__init__(hits)
        self.warning = warning

    def _repr_html_(self) -> str:
        columns = ["rank", "id", "title", "passage", "score", "probability"]
        return render_html_table(
            columns,
            (
                (
                    hit.rank,
                    hit.document.id,
                    hit.document.title,
                    shorten_line(hit.passage.text),
                    f"{hit.score:.3f}",
                    "" if hit.probability is None else f"{hit.probability:.1%}",
                )
                for hit in self
            ),
        )


def fetch_hits(ranking: Ranking, plan: Plan, query: str) -> Hits:
    """Read the documents of a ranking, with snippets and the scores of all rankers."""
    best = ranking.candidates.select(ranking.positions)
    matches = best.index.read_matches(best.vector, best.documents)
    by_ranker = {
        name: _list_scores(contribution, ranking.positions)
        for name, contribution in ranking.contributions.items()
    }
    rankers = [
        {name: own[position] for name, own in by_ranker.items()} for position in range(len(matches))
    ]
    reranking = best.reranking
    hits = Hits(warning=reranking.warning if reranking else None)
    for position, (number, match) in enumerate(zip(best.documents.tolist(), matches, strict=True)):
        dense = _is_mainly_dense(rankers[position])
        choose = partial(_choose_passage, best.index, plan, query, number, dense=dense)
        hits.append(
            Hit(
                _LazyContents(match, choose),
                position + 1,
                ranking.scores[position],
                ranking.probabilities[position] if ranking.probabilities else None,
                rankers[position],
                ranking.similar[position] if ranking.similar else (),
            )
        )
    return hits


def _choose_passage(
    index: Index, plan: Plan, query: str, number: int, match: Match, *, dense: bool
) -> Snippet:
    """Return the snippet of a document, given by its number."""
    scores = score_windows(index, plan, query, number, match, dense=dense)
    return choose_snippet(
        match.document, [*match.windows.values()], scores, match.view, dense=dense
    )


def shorten_line(text: str) -> str:
    """Return the beginning of a text in one line, as tables show it.

    Examples
    --------
    >>> shorten_line("The old   mill ")
    'The old mill'
    """
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _is_mainly_dense(rankers: Mapping[str, RankerScore]) -> bool:
    """Tell whether dense rankers contribute as much to a hit as lexical ones, or more."""
    dense, lexical = (
        [rankers[name].part for name in family if name in rankers]
        for family in (DENSE_RANKERS, LEXICAL_RANKERS)
    )
    return bool(dense) and (not lexical or sum(dense) >= sum(lexical))


def _list_scores(contribution: Contribution, positions: Ordinals) -> list[RankerScore]:
    """Return the scores of some documents by one ranker."""
    scores, weighted = contribution
    scores = np.nan_to_num(scores, nan=-np.inf)  # documents that were not reranked rank last
    ranks = np.searchsorted(np.sort(-scores), -scores[positions], side="left") + 1
    return [
        RankerScore(score, rank, part)
        if score and math.isfinite(score)
        else RankerScore(0.0, None, part)
        for score, rank, part in zip(
            scores[positions].round(SCORE_DECIMALS).tolist(),
            ranks.tolist(),
            weighted[positions].round(SCORE_DECIMALS).tolist(),
            strict=True,
        )
    ]
