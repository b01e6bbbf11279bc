"""Calibration: choose the ranker weights for a corpus without labels.

A sentence of a document is held out as a pseudo-query whose expected answer is that document
(`corpus_tuner.calibration.pseudo_queries`). What remains of the
document is encoded again, its terms are counted without the sentence, and generated views, which
may repeat the sentence, are ignored. The weights are the maximum likelihood estimate of a softmax
over candidates with a coefficient for every ranker, shrunk towards the default weights: a question
is not quite a sentence, and the views of what remains are not those that would have answered it.
The less the estimate gains on held-out documents, the more it is shrunk.
Pseudo-relevance feedback keeps its default weight, since it helps questions with several answers,
and these have one. A reranker gets its weight last (`corpus_tuner.calibration.reranker_weight`).
docs/research/calibration.md has what else was tried.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus_tuner.calibration.likelihood import (
    CUTOFF,
    GAINS,
    Array,
    Likelihood,
    ScoredQuery,
    compute_ndcg,
    fit_temperature,
)
from corpus_tuner.calibration.pseudo_queries import (
    QUERIES_PER_SENTENCE,
    PseudoQueries,
    sample_sentences,
)
from corpus_tuner.calibration.reranker_weight import MOST_QUERIES, choose_reranker_weight
from corpus_tuner.config.recipe import read_stored_recipe
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.progress import show_activity, show_progress, track
from corpus_tuner.encoders import Encoder, EncoderSettings, Vectors, open_encoder
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.representations import (
    Representation,
    WindowCounts,
    count_windows,
    find_greatest,
    read_representation,
)
from corpus_tuner.indexes.search.candidates import Candidates
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.commit import commit
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import (
    DENSE_RANKERS,
    FEEDBACK,
    RANKERS,
    RERANKER,
    Calibration,
    HybridWeights,
    SearchSettings,
)
from corpus_tuner.indexes.store.write_lock import lock_and_read_manifest
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.text.document_encoding import DocumentEncoder
from corpus_tuner.text.views import make_own_views

MOST, LEAST, SHARE = 300, 100, 8
"""One of `SHARE` windows gets pseudo-queries, to save time; at most `MOST`, since more hardly
change the weights, and at least `LEAST`, since fewer mislead."""
CHANGED = 0.1
"""Share of the documents that may change before weights are chosen again."""
FEWEST = 20
"""Least number of documents with pseudo-queries; with fewer the weights stay."""
LEAST_SIGNAL = 0.1
"""Least nDCG of the best ranker, between that of a random ranking (0) and the maximum (1)."""
LEAST_SHARE = 0.25
"""Least nDCG of a ranker, between that of a random ranking (0) and of the best ranker (1)."""


def calibrate(
    index: str | Path,
    *,
    encoder: Encoder | None = None,
    default: SearchSettings | None = None,
    seed: int = 0,
    trust_remote_code: bool = False,
    progress: bool = True,
) -> Calibration:
    """Calibrate the weights of hybrid search for an index, without labels.

    Parameters
    ----------
    index
        Folder of the index.
    encoder
        An open encoder; by default that of the index is opened.
    default
        Default weights, and the fusion; by default those of the recipe of the index.
    seed
        Random seed of the choice of documents and sentences.
    trust_remote_code
        Let the encoder run Python code of its own.
    progress
        Show progress on a terminal or in a notebook.

    Raises
    ------
    SearchIndexError
        If there is no index, it cannot be opened, or another process is changing it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.calibrate(example_index).chosen.words  # too few documents: the default weights
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
        return recalibrate(index, encoder, default, seed)[1]


def recalibrate(
    index: Path,
    encoder: Encoder,
    default: SearchSettings | None = None,
    seed: int = 0,
) -> tuple[Manifest, Calibration]:
    """Calibrate an index, locked, and commit the weights; see `calibrate`."""
    with Searcher.open(index, encoder=encoder) as searcher:
        manifest = searcher.manifest
        default = default or read_stored_recipe(manifest).search
        chosen = choose_weights(searcher, encoder, default, seed)
    return commit(index, set_weights(manifest, default, chosen)), chosen


def must_calibrate(manifest: Manifest) -> bool:
    """Tell whether an index was never calibrated, or has changed by more than `CHANGED` since."""
    if manifest.calibration is None:
        return True
    return manifest.changed > CHANGED * manifest.calibration.documents


def set_weights(
    manifest: Manifest, default: SearchSettings, chosen: Calibration | None
) -> Manifest:
    """Return a manifest with other weights."""
    search = default.model_copy(update={"hybrid": chosen.chosen}) if chosen else default
    return manifest.model_copy(update={"search": search, "changed": 0, "calibration": chosen})


def choose_weights(
    searcher: Searcher, encoder: Encoder, default: SearchSettings, seed: int = 0
) -> Calibration:
    """Choose the weights for an open index and its representation; see `calibrate`."""
    documents = searcher.manifest.documents
    targets: list[PseudoQueries] = []
    unchanged = None
    if searcher.manifest.lexical is None:
        unchanged = "the index has no words"
    elif default.fusion != "zscore":
        unchanged = f"{default.fusion} is not calibrated, zscore is"
    else:
        with show_activity("calibrating, choosing documents"):
            targets = sample_targets(searcher, seed)
        if len(targets) < FEWEST:
            unchanged = f"{FEWEST} documents with sentences to spare are needed, not {len(targets)}"
    queries = [] if unchanged else score_queries(searcher, encoder, targets, default)
    names = [name for name in RANKERS if queries and name in queries[0].candidates.scores]
    single = {name: compute_ndcg(queries, {name: 1.0}, default) for name in names}
    random = sum(GAINS) / max(documents, CUTOFF)
    best = max((float(ndcg.mean()) for ndcg in single.values()), default=0.0)
    if queries and best < random + LEAST_SIGNAL * (1 - random):
        unchanged = (
            "pseudo-queries do not find their documents, which are too similar "
            f"(nDCG@10 {100 * best:.1f} at best, and {100 * random:.1f} in random order)"
        )
    calibration = Calibration(
        queries=len(queries),
        unchanged=unchanged,
        chosen=default.hybrid,
        default=default.hybrid,
        documents=documents,
        seed=seed,
    )
    if unchanged:
        return calibration
    failing = _find_failing(single, best, random)
    with show_activity("calibrating, choosing weights"):
        likelihood = Likelihood(queries, [name for name in names if name not in failing])
        maximum_likelihood = likelihood.fit_weights()
        trust = likelihood.estimate_trust(default.hybrid.model_dump())
        chosen = _shrink_weights(maximum_likelihood, default.hybrid, trust)
        ndcg = _compare_rankings(searcher, queries, default, chosen, single)
        errors = likelihood.estimate_errors()
    trial = None
    if default.reranker:
        reranked = queries[:MOST_QUERIES]
        weights = {name: getattr(chosen, name) for name in names}
        ratio, trial = choose_reranker_weight(reranked, weights, default)
        weight = round(ratio * sum(chosen.model_dump().values()), 3)
        chosen = chosen.model_copy(update={RERANKER: weight})
        if weight:
            queries, names = reranked, [*names, RERANKER]
    settings = default.model_copy(update={"hybrid": chosen})
    return calibration.model_copy(
        update={
            "chosen": chosen,
            "maximum_likelihood": HybridWeights.from_weights(maximum_likelihood),
            "errors": errors,
            "trust": trust,
            "found": {name: round(float(values.mean()), 4) for name, values in ndcg.items()},
            "temperature": fit_temperature(queries, names, settings),
            "failing": failing,
            "reranker": trial,
        }
    )


def _find_failing(single: Mapping[str, Array], best: float, random: float) -> tuple[str, ...]:
    """Return the rankers that are hardly better than a random ranking, given their nDCG.

    The views of what remains of a document are not those that would have answered, so they are
    judged by its passage, which the same encoder encodes. A ranker gets the benefit of one
    standard error, the two pseudo-queries of a document regarded as one.
    """
    least = random + LEAST_SHARE * (best - random)
    upper = {
        name: ndcg.mean() + ndcg.std() / math.sqrt(len(ndcg) / QUERIES_PER_SENTENCE)
        for name, ndcg in single.items()
    }
    proxy = {"views": "passage"}
    return tuple(name for name in single if upper[proxy.get(name, name)] < least)


def _shrink_weights(
    maximum_likelihood: Mapping[str, float], default: HybridWeights, trust: float
) -> HybridWeights:
    """Return weights between the maximum likelihood estimate and the default ones.

    Feedback keeps its own, unless the passage ranker, on which it depends, has failed.
    """
    before = {name: getattr(default, name) for name in maximum_likelihood}
    total = sum(before.values()) or 1.0  # 0 if only failing rankers had a weight
    shrunk = {
        name: round((trust * weight * total + before[name]) / (trust + 1), 3)
        for name, weight in maximum_likelihood.items()
    }
    return HybridWeights.from_weights(
        {**shrunk, FEEDBACK: default.feedback if "passage" in shrunk else 0.0}
    )


def _compare_rankings(
    searcher: Searcher,
    queries: Sequence[ScoredQuery],
    default: SearchSettings,
    chosen: HybridWeights,
    single: Mapping[str, Array],
) -> dict[str, Array]:
    """Return nDCG of the rankings in the report, given that of single rankers."""
    views = default.dense.views
    dense = compute_ndcg(queries, {"passage": 1 - views, "views": views}, default)
    lexical = {name: ndcg for name, ndcg in single.items() if name not in DENSE_RANKERS}
    hybrid = {
        name: compute_ndcg(
            queries, {ranker: getattr(weights, ranker) for ranker in single}, default
        )
        for name, weights in (("default", default.hybrid), ("chosen", chosen))
    }
    return {"passage": single["passage"], searcher.representation: dense, **lexical, **hybrid}


class _Rest(NamedTuple):
    """What would be indexed of a document without a sentence.

    Attributes
    ----------
    vectors
        Vectors of its rows, float32, shape (rows, dimension).
    windows
        Number of rows that are of passages, shape (1,).
    texts
        Texts of its windows that had the sentence, without it.
    others
        Positions of its other windows.
    passages, passage_vectors
        Texts and vectors of the passages that a reranker may read, shape (passages, dimension).
    """

    vectors: Vectors
    windows: WindowCounts
    texts: list[str]
    others: Ordinals
    passages: list[str]
    passage_vectors: Vectors


def sample_targets(searcher: Searcher, seed: int = 0) -> list[PseudoQueries]:
    """Return the pseudo-queries of a share of the windows of an index (`SHARE`)."""
    windows = int(searcher.segments.windows.sum())
    return list(sample_sentences(searcher, min(MOST, max(LEAST, windows // SHARE)), seed))


def score_queries(
    searcher: Searcher, encoder: Encoder, targets: Sequence[PseudoQueries], default: SearchSettings
) -> list[ScoredQuery]:
    """Search with all pseudo-queries; a target document has the scores of what remains of it."""
    representation = read_representation(searcher.manifest.representations[searcher.representation])
    with show_activity("calibrating, reading documents"):
        rests = _encode_rests(searcher, encoder, targets, representation)
    queries = [query for target in targets for query in target.queries]
    of_queries = [pair for pair in zip(targets, rests, strict=True) for _ in pair[0].queries]
    scored = []
    for query, (target, own), candidates in track(
        zip(queries, of_queries, searcher.find_candidates(queries, settings=default), strict=True),
        "calibrating, searching",
        lambda: len(queries),
        unit="queries",
    ):
        assert candidates.vector is not None
        others = candidates.select(np.flatnonzero(candidates.documents != target.ordinal))
        similarities = own.vectors.astype(np.float64) @ candidates.vector
        dense = representation.score(
            *find_greatest(similarities, np.zeros(1, np.int64), own.windows)
        )
        lexical: dict[str, Array] = {}
        for name, index in searcher.lexical.items():
            how = getattr(default, name)
            scores = index.score_texts(query, own.texts, how)
            if len(own.others):
                others_of_document = index.first_windows[target.ordinal] + own.others
                scores = np.append(scores, index.score_windows(query, how, others_of_document))
            lexical[name] = scores.max(keepdims=True)
        rest = Candidates(
            candidates.index,
            candidates.vector,
            np.array([target.ordinal]),
            {**dense._asdict(), **lexical},
            np.ones(1, bool),
        )
        every = others.append(rest)
        if every.reranking:
            best = int(np.argmax(own.passage_vectors @ candidates.vector))
            own_text = {target.ordinal: own.passages[best]}
            every = replace(every, reranking=every.reranking.replace_texts(own_text))
        scored.append(ScoredQuery(every, len(others.documents)))
    return scored


def _encode_rests(
    searcher: Searcher,
    encoder: Encoder,
    targets: Sequence[PseudoQueries],
    representation: Representation,
) -> list[_Rest]:
    """Return what would be indexed of what remains of the documents."""
    manifest = searcher.manifest
    recipe = read_stored_recipe(manifest)
    languages = manifest.build.known_languages
    documents = DocumentEncoder(encoder, languages, recipe.passages, recipe.views)
    rests = [target.rest for target in targets]
    own = [make_own_views(rest, languages.detect(rest), recipe.views) for rest in rests]
    encoded = documents.encode(rests, [[span for _, span in views] for views in own])
    lexical = manifest.lexical or LexicalSettings()
    remaining = []
    for target, one, views in zip(targets, encoded, own, strict=True):
        vectors = representation.make_rows(*one.add_views(views)).vectors
        texts = lexical.split_text(one.document, one.passages)
        windows = min(count_windows(one.passages), len(vectors))
        rest = _Rest(
            vectors,
            np.array([windows], np.int32),
            texts,
            np.zeros(0, np.int64),
            [passage.text for passage in one.passages],
            one.vectors,
        )
        if searcher.segments.windows[target.ordinal] > 1:
            rest = _add_other_windows(rest, searcher, target)
        remaining.append(rest)
    return remaining


def _add_other_windows(rest: _Rest, searcher: Searcher, target: PseudoQueries) -> _Rest:
    """Return what remains of a long document, given what remains of one of its windows.

    Its other windows and views are those of the index, but for those that have the sentence. The
    first passage, which is cut at the limit of the encoder, may end within it.
    """
    document = np.array([target.ordinal])
    (stored,) = searcher.segments.read_stored(document)
    texts = [" ".join(view.text.split()) for view in stored.views]
    lacking = np.array([target.sentence not in text for text in texts])
    beginnings = accumulate(target.sentence.split(), "{} {}".format)
    lacking[0] &= not any(texts[0].endswith(beginning) for beginning in beginnings)
    vectors, _ = searcher.dense.vectors(document)
    views, _ = searcher.dense.row_views(document)
    is_passage = views < len(stored.passages)
    other_passages = lacking[views] & is_passage
    passages = vectors[other_passages]
    others = vectors[lacking[views] & ~is_passage]
    windows = int(rest.windows[0])
    return rest._replace(
        vectors=np.concatenate([passages, rest.vectors[:windows], others, rest.vectors[windows:]]),
        windows=np.array([len(passages) + windows], np.int32),
        others=np.flatnonzero(lacking[: len(stored.passages)]),
        passages=[*(stored.views[view].text for view in views[other_passages]), *rest.passages],
        passage_vectors=np.concatenate([passages, rest.passage_vectors]),
    )
