"""What was found: documents with their scores, and why they came up."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from corpus_tuner.core.documents import Document, View, shorten_text
from corpus_tuner.core.html_tables import render_html_table
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS
from corpus_tuner.indexes.representations import SCORE_DECIMALS, Scores
from corpus_tuner.indexes.search.backend import Match
from corpus_tuner.indexes.search.candidates import Found
from corpus_tuner.indexes.search.snippets import Snippet, choose
from corpus_tuner.indexes.search.weighted_sum import Brought
from corpus_tuner.indexes.store.search_settings import DENSE_RANKERS
from corpus_tuner.indexes.vectors import Ordinals

_SHOWN = 160  # characters of a passage in a table


@dataclass(frozen=True, slots=True)
class RankerScore:
    """What one ranker makes of a hit.

    Attributes
    ----------
    score
        The ranker's own: a cosine, or BM25.
    rank
        What the hit's rank would be by this one alone, among the documents that were looked at;
        ``None`` where it shares no term with the query.
    part
        What this adds to the hit's score.
    """

    score: float
    rank: int | None
    part: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found.

    Attributes
    ----------
    document
        What was found.
    rank
        From 1.
    score
        What it is ranked by; among equal scores the smaller document id leads. Scores of different
        modes, or of different queries in hybrid mode, do not compare.
    probability
        That it is the document that the query asks for, from 0 to 1, as calibration estimated on
        pseudo-queries. It is comparable between queries, and a filter does not change it. ``None``
        where the index is not calibrated, or not searched with the weights that were chosen.
    view
        The view that is nearest to the query; in lexical mode the passage.
    passage
        The part of its text that the query is about, as long as the encoder reads at once: the
        window that holds the view, or else is nearest to the query itself; where words brought
        more than vectors, the window with the best words.
    rankers
        What it owes to every ranker that has a say, by name.

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

    document: Document
    rank: int
    score: float
    probability: float | None
    view: View
    passage: Snippet
    rankers: Mapping[str, RankerScore]

    def __repr__(self) -> str:
        probable = "" if self.probability is None else f", probability={self.probability:.3f}"
        title = f", {shorten_text(self.document.title)}" if self.document.title else ""
        return f"Hit({self.rank}, {self.document.id!r}{title}, score={self.score:.3f}{probable})"


class Hits(list[Hit]):
    """The hits of one query, best first: a list that notebooks show as a table.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as searcher:
    ...     hits = searcher.search("the old water mill", k=2)
    >>> hits[0].document.id, hits._repr_html_().count("<tr>")
    ('mill', 3)
    """

    def _repr_html_(self) -> str:
        columns = ["rank", "id", "title", "passage", "score", "probability"]
        return render_html_table(
            columns,
            (
                (
                    hit.rank,
                    hit.document.id,
                    hit.document.title,
                    _cut(hit.passage.text),
                    f"{hit.score:.3f}",
                    "" if hit.probability is None else f"{hit.probability:.1%}",
                )
                for hit in self
            ),
        )


def fetch_hits(found: Found, by_words: Callable[[Sequence[str]], Scores]) -> list[Hit]:
    """Fetch what was found, and tell why.

    Parameters
    ----------
    found
        Documents.
    by_words
        Scores texts for the query by the words that they share.
    """
    pool = found.pool.at(found.positions)
    matches = pool.index.matches(pool.vector, pool.ordinals)
    standings = {
        name: _standings(brought, found.positions) for name, brought in found.brought.items()
    }
    probable: Sequence[float | None] = found.probabilities or [None] * len(found.scores)
    owed = [
        {name: own[position] for name, own in standings.items()} for position in range(len(matches))
    ]
    by_vectors = [_owes_to_vectors(own) for own in owed]
    scores = _window_scores(matches, by_vectors, by_words)
    return [
        Hit(
            match.document,
            position + 1,
            found.scores[position],
            probable[position],
            match.view,
            choose(
                match.document,
                [*match.windows.values()],
                scores[position],
                match.view if by_vectors[position] else None,
            ),
            owed[position],
        )
        for position, match in enumerate(matches)
    ]


def _cut(text: str) -> str:
    """Return the beginning of a text, as a table shows it."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _window_scores(
    matches: Sequence[Match],
    by_vectors: Sequence[bool],
    by_words: Callable[[Sequence[str]], Scores],
) -> list[list[float]]:
    """Return how near the windows of every document are to the query.

    By vectors where these brought the document, else by words: those of all documents at once,
    since every call looks up how rare the query's words are.
    """
    scores = [[0.0] for _ in matches]
    texts: dict[int, list[str]] = {}
    for position, (match, dense) in enumerate(zip(matches, by_vectors, strict=True)):
        if len(match.windows) == 1:
            continue
        if dense:
            scores[position] = [match.near.get(view, -math.inf) for view in match.windows]
        else:
            texts[position] = [*match.windows.values()]
    if texts:
        by_word = iter(by_words([text for own in texts.values() for text in own]).tolist())
        for position, own_texts in texts.items():
            scores[position] = list(islice(by_word, len(own_texts)))
    return scores


def _owes_to_vectors(owed: Mapping[str, RankerScore]) -> bool:
    """Tell whether vectors brought a hit as much as words did, or more."""
    by_vectors, by_words = (
        [owed[name].part for name in family if name in owed]
        for family in (DENSE_RANKERS, LEXICAL_RANKERS)
    )
    return bool(by_vectors) and (not by_words or sum(by_vectors) >= sum(by_words))


def _standings(brought: Brought, positions: Ordinals) -> list[RankerScore]:
    """Return what a ranker makes of some of the documents."""
    scores, parts = brought
    ranks = np.searchsorted(np.sort(-scores), -scores[positions], side="left") + 1
    return [
        RankerScore(score, rank if score else None, part)
        for score, rank, part in zip(
            scores[positions].round(SCORE_DECIMALS).tolist(),
            ranks.tolist(),
            parts[positions].round(SCORE_DECIMALS).tolist(),
            strict=True,
        )
    ]
