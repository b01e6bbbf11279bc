"""Calibration: find the weights for a corpus without labels.

Some documents are asked for with words of their own. They lose a sentence for good: what is left
is read anew, its terms are counted without the sentence, and views of a generator, which had read
it, do not count. The sentence, shortened to about the length of a query, must then find what is
left of its document among all the others. How much a ranker helps in that is a matter of maximum
likelihood: a softmax over the candidates of a query, with a coefficient for every ranker. Their
ratios give the weights. These are drawn towards the usual ones: a question that people ask is not
quite a sentence that authors write, and the views of what is left are not those that would have
answered it. Feedback keeps its usual weight: it is for questions that have several answers, and
these have one.

The task is the inverse cloze task (Lee, Chang and Toutanova, "Latent Retrieval for Weakly
Supervised Open Domain Question Answering", ACL 2019). docs/research/calibration.md
tells what else was tried, and what each gave.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp

from corpus_tuner.calibration.pseudo_queries import Asked, draw, draw_with_questions
from corpus_tuner.config.recipe import read_stored_recipe
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.progress import show_activity, show_progress, track
from corpus_tuner.encoders import Encoder, EncoderSettings, Vectors, open_encoder
from corpus_tuner.indexes.representations import Representation, read_representation
from corpus_tuner.indexes.search.candidates import Candidates
from corpus_tuner.indexes.search.fusion import normalize_scores
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.commit import commit
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import (
    DENSE_RANKERS,
    FEEDBACK,
    RANKERS,
    Calibration,
    HybridWeights,
    QuerySource,
    SearchSettings,
    normalize_weights,
)
from corpus_tuner.indexes.store.write_lock import lock_and_read_manifest
from corpus_tuner.text.document_encoding import DocumentEncoder
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.text.views import make_own_views

Array = npt.NDArray[np.float64]

MOST, LEAST, SHARE = 300, 100, 4
"""One of `SHARE` documents is asked for, so that a build spends its time on building; at most
`MOST`, since more hardly change the weights, and at least `LEAST`, since fewer mislead."""
CHANGED = 0.1
"""Share of the documents that may be added, changed or removed before weights are chosen anew."""
FEWEST = 20
"""With fewer documents to ask for, the weights stay what they are."""
LEAST_SIGNAL = 0.1
"""From what chance finds (0) to all (1): with less, pseudo-queries say nothing."""
LEAST_SHARE = 0.25
"""Of what the best ranker finds by itself beyond chance: one that finds less gets no weight."""

TRUST = 1.0
"""How much the likeliest weights count, the usual ones counting 1."""
GROUPS = 10
"""Documents are left out in so many groups to see how far the likeliest weights move."""

_INVERSE_TEMPERATURES = (-3.0, 5.0)  # bounds, logarithms
_CUTOFF = 10
_GAINS = [1 / math.log2(1 + rank) for rank in range(1, _CUTOFF + 1)]  # of nDCG, by rank


class _Judged(NamedTuple):
    """Candidates of a pseudo-query, and the position of its target document among them."""

    candidates: Candidates
    target: int


def calibrate(
    index: str | Path,
    *,
    encoder: Encoder | None = None,
    usual: SearchSettings | None = None,
    seed: int = 0,
    trust_remote_code: bool = False,
    progress: bool = True,
) -> Calibration:
    """Choose the weights for an index, and put them in force.

    Parameters
    ----------
    index
        The folder.
    encoder
        An open encoder; by default the one that the index was built with is opened.
    usual
        The weights to start from, and the fusion; by default those that the index was built with.
    seed
        Of the choice of documents and sentences.
    trust_remote_code
        Let the encoder run Python that comes with it.
    progress
        Show progress on a terminal or in a notebook.

    Raises
    ------
    SearchIndexError
        If there is no index, it cannot be opened, or another is changing it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.calibrate(example_index).chosen.words  # three documents say nothing: the usual weights
    0.22
    """
    index = check_path(index, "index")
    with lock_and_read_manifest(index, "a calibration") as manifest, show_progress(progress):
        if encoder is None:
            settings = manifest.encoder.settings | {"trust_remote_code": trust_remote_code}
            with show_activity("opening the encoder"):
                encoder = open_encoder(
                    EncoderSettings.model_validate(settings), manifest.encoder.fingerprint
                )
        return recalibrate(index, encoder, usual, seed)[1]


def recalibrate(
    index: Path,
    encoder: Encoder,
    usual: SearchSettings | None = None,
    seed: int = 0,
    source: QuerySource | None = None,
) -> tuple[Manifest, Calibration]:
    """Choose the weights for an index, locked, and put them in force; see `calibrate`."""
    with Searcher.open(index, encoder=encoder) as searcher:
        manifest = searcher.manifest
        standing = read_stored_recipe(manifest)
        usual = usual or standing.search
        chosen = choose_weights(
            searcher, encoder, usual, seed, source or standing.calibrate or "sentences"
        )
    return commit(index, set_weights(manifest, usual, chosen)), chosen


def must_calibrate(manifest: Manifest) -> bool:
    """Tell whether more of an index than `CHANGED` has changed since it was calibrated."""
    if manifest.calibration is None:
        return True
    return manifest.changed > CHANGED * manifest.calibration.documents


def set_weights(manifest: Manifest, usual: SearchSettings, chosen: Calibration | None) -> Manifest:
    """Return the manifest with other weights in it."""
    search = usual.model_copy(update={"hybrid": chosen.chosen}) if chosen else usual
    return manifest.model_copy(
        update={
            "search": search,
            "changed": 0,
            "calibration": chosen,
        }
    )


def choose_weights(
    searcher: Searcher,
    encoder: Encoder,
    usual: SearchSettings,
    seed: int = 0,
    by: QuerySource = "sentences",
) -> Calibration:
    """Choose the weights for an open index.

    Parameters
    ----------
    searcher
        The index; its representation is the one that is calibrated.
    encoder
        The one that the index was built with.
    usual
        The weights to start from, and the fusion.
    seed
        Of the choice of documents and sentences.
    by
        What asks for documents.
    """
    asked: list[Asked] = []
    unchanged = None
    if searcher.manifest.lexical is None:
        unchanged = "the index has no words"
    elif usual.fusion != "zscore":
        unchanged = f"{usual.fusion} is not calibrated, zscore is"
    else:
        with show_activity("calibrating, choosing documents"):
            asked = list(_asked(searcher, seed, by))
    if not unchanged and len(asked) < FEWEST:
        what = "generated questions" if by == "questions" else "sentences to spare"
        unchanged = f"{len(asked)} documents have {what}, {FEWEST} are needed"
    judged = [] if unchanged else _judge(searcher, encoder, asked, usual)
    names = [name for name in RANKERS if judged and name in judged[0].candidates.scores]
    alone = {name: _gains(judged, {name: 1.0}, usual) for name in names}
    chance = sum(_GAINS) / max(searcher.manifest.documents, _CUTOFF)
    best = max((float(gains.mean()) for gains in alone.values()), default=0.0)
    if judged and best < chance + LEAST_SIGNAL * (1 - chance):
        unchanged = (
            "pseudo-queries do not find what they ask for, the documents being too much alike "
            f"(nDCG@10 {100 * best:.1f} at best, and {100 * chance:.1f} by chance)"
        )
    if unchanged:
        return Calibration(
            queries=len(judged),
            unchanged=unchanged,
            chosen=usual.hybrid,
            usual=usual.hybrid,
            query_source=by,
            documents=searcher.manifest.documents,
            seed=seed,
        )
    failing = _failing(alone, best, chance)
    with show_activity("calibrating, choosing weights"):
        likelihood = _Likelihood(judged, [name for name in names if name not in failing])
        likeliest = likelihood.weights()
        chosen = _drawn(likeliest, usual.hybrid)
        return Calibration(
            queries=len(judged),
            chosen=chosen,
            likeliest=HybridWeights.from_weights(likeliest),
            errors=likelihood.errors(),
            usual=usual.hybrid,
            found={
                name: round(float(gains.mean()), 4)
                for name, gains in _compared(searcher, judged, usual, chosen, alone).items()
            },
            temperature=_fit_temperature(
                judged, names, usual.model_copy(update={"hybrid": chosen})
            ),
            failing=failing,
            query_source=by,
            documents=searcher.manifest.documents,
            seed=seed,
        )


def _wanted(documents: int) -> int:
    """Return how many documents are asked for, of so many."""
    return min(MOST, max(LEAST, documents // SHARE))


def _failing(alone: Mapping[str, Array], best: float, chance: float) -> tuple[str, ...]:
    """Return the rankers that find hardly more than chance by themselves, given their gains.

    The views of what is left of a document are not those that would have answered, so they are
    judged by its passage, which the same encoder reads. A ranker has the benefit of the doubt: one
    standard error, the two pseudo-queries of a document counting as one.
    """
    least = chance + LEAST_SHARE * (best - chance)
    at_best = {
        name: gains.mean() + gains.std() / math.sqrt(len(gains) / 2)
        for name, gains in alone.items()
    }
    judge = {"views": "passage"}
    return tuple(name for name in alone if at_best[judge.get(name, name)] < least)


def _drawn(likeliest: Mapping[str, float], usual: HybridWeights) -> HybridWeights:
    """Return the weights between the likeliest and the usual ones.

    Feedback keeps its own, unless passages, which it compares, find nothing.
    """
    before = {name: getattr(usual, name) for name in likeliest}
    whole = sum(before.values()) or 1.0  # where only failing rankers had a weight
    drawn = {
        name: round((TRUST * weight * whole + before[name]) / (TRUST + 1), 3)
        for name, weight in likeliest.items()
    }
    return HybridWeights.from_weights(
        {**drawn, FEEDBACK: usual.feedback if "passage" in drawn else 0.0}
    )


def _compared(
    searcher: Searcher,
    judged: Sequence[_Judged],
    usual: SearchSettings,
    chosen: HybridWeights,
    alone: Mapping[str, Array],
) -> dict[str, Array]:
    """Return the gains of the rankings that are compared, given those of the rankers alone."""
    views = usual.dense.views
    return {
        "passage": alone["passage"],
        searcher.representation: _gains(judged, {"passage": 1 - views, "views": views}, usual),
        **{name: gains for name, gains in alone.items() if name not in DENSE_RANKERS},
        **{
            name: _gains(judged, {ranker: getattr(weights, ranker) for ranker in alone}, usual)
            for name, weights in (("usual", usual.hybrid), ("chosen", chosen))
        },
    }


def _asked(searcher: Searcher, seed: int, by: QuerySource) -> Iterator[Asked]:
    """Yield documents that are asked for, by sentences, by questions, or by both in turn."""
    wanted = _wanted(searcher.manifest.documents)
    if by != "questions":
        yield from draw(searcher, wanted, seed)
    if by != "sentences":
        yield from draw_with_questions(searcher, wanted, seed)


def _judge(
    searcher: Searcher, encoder: Encoder, asked: Sequence[Asked], usual: SearchSettings
) -> list[_Judged]:
    """Ask all pseudo-queries; the document asked for has the scores of what is left of it."""
    representation = read_representation(searcher.manifest.representations[searcher.representation])
    with show_activity("calibrating, reading documents"):
        rows = _rows_without(searcher.manifest, encoder, asked, representation)
    both = [
        (held_out, own) for held_out, own in zip(asked, rows, strict=True) for _ in held_out.queries
    ]
    queries = [query for held_out in asked for query in held_out.queries]
    lexical = searcher.lexical
    assert lexical and searcher.manifest.lexical
    rankers = searcher.manifest.lexical.rankers
    found = searcher.find_candidates(queries, settings=usual)
    judged = []
    for query, (held_out, own), candidates in track(
        zip(queries, both, found, strict=True),
        "calibrating, asking",
        lambda: len(queries),
        unit="queries",
    ):
        assert candidates.vector is not None
        text = get_full_text(held_out.rest)
        others = candidates.select(np.flatnonzero(candidates.documents != held_out.ordinal))
        similarities = own.astype(np.float64) @ candidates.vector
        rest = Candidates(
            candidates.index,
            candidates.vector,
            np.array([held_out.ordinal]),
            {
                **representation.score(similarities, np.zeros(1, np.int64))._asdict(),
                **{
                    name: lexical.score_texts(name, query, [text], getattr(usual, name))
                    for name in rankers
                },
            },
            np.ones(1, bool),
        )
        judged.append(_Judged(others.append(rest), len(others.documents)))
    return judged


def _rows_without(
    manifest: Manifest,
    encoder: Encoder,
    asked: Sequence[Asked],
    representation: Representation,
) -> list[Vectors]:
    """Return the rows that would be indexed of what is left of the documents."""
    settings = read_stored_recipe(manifest)
    languages = manifest.build.known_languages
    reader = DocumentEncoder(encoder, languages, settings.passages, settings.views)
    rests = [held_out.rest for held_out in asked]
    own = [make_own_views(rest, languages.detect(rest), settings.views) for rest in rests]
    readings = reader.encode(rests, [[span for _, span in views] for views in own])
    return [
        representation.make_rows(*reading.add_views(views)).vectors
        for reading, views in zip(readings, own, strict=True)
    ]


class _Likelihood:
    """How likely the documents asked for are, of those among their candidates.

    Every ranker has a coefficient in a softmax over the candidates of a query, none of them
    negative. As in fusion, scores are normalized first.

    Parameters
    ----------
    judged
        The pseudo-queries: two of every document, one after the other.
    names
        The rankers.
    """

    def __init__(self, judged: Sequence[_Judged], names: Sequence[str]) -> None:
        self._names = names
        most = max(len(candidates.documents) for candidates, _ in judged)
        self._features = np.zeros((len(judged), most, len(self._names)))
        self._filled = np.zeros((len(judged), most), bool)
        for query, (candidates, _) in enumerate(judged):
            columns = [
                normalize_scores(candidates.scores[name], "zscore", candidates.core)
                for name in self._names
            ]
            self._features[query, : len(candidates.documents)] = np.stack(columns, axis=1)
            self._filled[query, : len(candidates.documents)] = True
        self._targets = np.array([target for _, target in judged])

    def weights(self) -> dict[str, float]:
        """Return the weights, 1 in sum, under which the documents asked for are likeliest."""
        return self._named(self._fitted(np.arange(len(self._targets))))

    def errors(self) -> dict[str, float]:
        """Return the standard errors of these weights."""
        groups = np.arange(len(self._targets)) // 2 % GROUPS
        left_out = [self._fitted(np.flatnonzero(groups != group)) for group in range(GROUPS)]
        spread = np.std(left_out, axis=0) * math.sqrt(GROUPS - 1)
        return self._named(spread)

    def _named(self, values: Array) -> dict[str, float]:
        return {name: round(float(one), 3) for name, one in zip(self._names, values, strict=True)}

    def _fitted(self, queries: npt.NDArray[np.int64]) -> Array:
        """Return the weights by some of the pseudo-queries."""
        features, filled = self._features[queries], self._filled[queries]
        asked = features[np.arange(len(queries)), self._targets[queries]]

        def loss(coefficients: Array) -> tuple[float, Array]:
            scores = np.where(filled, features @ coefficients, -np.inf)
            greatest = scores.max(axis=1)
            shares = np.exp(scores - greatest[:, None])
            totals = shares.sum(axis=1)
            expected = np.einsum("qd,qdf->qf", shares / totals[:, None], features)
            likelihood = asked @ coefficients - greatest - np.log(totals)
            return -float(likelihood.mean()), (expected - asked).mean(axis=0)

        # From nothing, so that a ranker which tells no document from another keeps no weight.
        count = len(self._names)
        found = minimize(
            loss, np.zeros(count), jac=True, bounds=[(0, None)] * count, method="L-BFGS-B"
        )
        whole = found.x.sum()
        return np.asarray(found.x / whole if whole > 0 else np.full(count, 1 / count))


def _fit_temperature(
    judged: Sequence[_Judged], names: Sequence[str], chosen: SearchSettings
) -> float:
    """Return the temperature of the softmax under which the target documents are likeliest."""
    weights = {name: getattr(chosen.hybrid, name) for name in names}
    plan = Plan(_CUTOFF, normalize_weights(weights), chosen)
    scores = [(candidates.compute_scores(plan), target) for candidates, target in judged]

    def surprise(logarithm: float) -> float:
        """Return how unlikely they are, in nats."""
        powers = [(math.exp(logarithm) * own, target) for own, target in scores]
        return sum(float(logsumexp(own)) - float(own[target]) for own, target in powers)

    best = minimize_scalar(surprise, bounds=_INVERSE_TEMPERATURES, method="bounded")
    return float(f"{math.exp(-float(best.x)):.4g}")


def _gains(
    judged: Sequence[_Judged], weights: Mapping[str, float], settings: SearchSettings
) -> Array:
    """Return nDCG@10 of every pseudo-query, one document being relevant.

    Those that tie with it stand before it.
    """
    plan = Plan(_CUTOFF, {name: weight for name, weight in weights.items() if weight}, settings)
    gains = np.zeros(len(judged))
    for query, (candidates, target) in enumerate(judged):
        scores = candidates.compute_scores(plan)
        rank = int((scores >= scores[target]).sum())
        gains[query] = _GAINS[rank - 1] if rank <= _CUTOFF else 0.0
    return gains
