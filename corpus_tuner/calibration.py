"""Calibration: find the weights for a corpus without labels.

Some documents are asked for with words of their own. From each a sentence is taken away for good:
its passage is encoded without it, its words are counted without it, and views that hold it, or
were written by a generator that had read it, do not count. The sentence, shortened to about the
length of a query, must then find what is left of its document among all the others. How much each
ranker helps in that is a matter of maximum likelihood: a softmax over the documents of each pool,
with one coefficient each for passage, views and words. Their ratios give the weights. These are
drawn towards the usual ones: a question that people ask is not quite a sentence that authors write,
and the views of what is left are not those that would have answered it.

The task is the inverse cloze task (Lee, Chang and Toutanova, "Latent Retrieval for Weakly
Supervised Open Domain Question Answering", ACL 2019). docs/calibration.md tells what else was
tried, and what each gave.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import minimize

from corpus_tuner.progress import track
from corpus_tuner.sentences import split_sentences
from indexes.documents import View
from indexes.encoders import Encoder, EncoderSettings, open_encoder
from indexes.fusion import Mode, SearchSettings
from indexes.pool import Pool
from indexes.searcher import Searcher
from indexes.storage import Manifest, locked, read_manifest, write_manifest

Array = npt.NDArray[np.float64]

MOST, LEAST, SHARE = 300, 100, 4
"""One of `SHARE` documents is asked for, so that a build spends its time on building; at most
`MOST`, since more hardly change the weights, and at least `LEAST`, since fewer mislead."""
FEWEST = 20
"""With fewer documents to ask for, the weights stay what they are."""

TRUST_WORDS, TRUST_VIEWS = 2.0, 0.5
"""How much the likeliest weights count, the usual ones counting 1."""

_HEAD = 8  # words that are left of a sentence in the one kind of pseudo-query
_DROPPED = 0.4  # share of words that are dropped in the other
_LEAST_WORDS = 4  # of a sentence that can be asked with
_CUTOFF = 10


class Calibration(BaseModel):
    """The weights that were chosen, and why.

    Attributes
    ----------
    queries
        How many pseudo-queries judged.
    unchanged
        Why the weights stay what they were, if they do.
    hybrid_views, words
        The chosen weights (`indexes.fusion.SearchSettings`).
    likeliest
        The weights that the pseudo-queries alone ask for, by name.
    usual
        The weights that these were drawn towards.
    found
        nDCG@10 of the pseudo-queries, a fraction, by ranking: ``passage``, the representation,
        ``words``, hybrid with the ``usual`` weights and with those ``chosen``. Good for comparing:
        what people ask is easier.
    seed
        Of the choice of documents and sentences.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    queries: int = 0
    unchanged: str | None = None
    hybrid_views: float
    words: float
    likeliest: dict[str, float] = Field(default_factory=dict)
    usual: dict[str, float]
    found: dict[str, float] = Field(default_factory=dict)
    seed: int


class _HeldOut(NamedTuple):
    """A document asked for with a sentence that it no longer has."""

    segment: int
    ordinal: int
    rest: str
    hidden: frozenset[int]
    queries: tuple[str, str]


class _Judged(NamedTuple):
    """A pseudo-query's pool, and the place in it of the document asked for."""

    pool: Pool
    target: int


def calibrate(
    index: str | Path,
    *,
    encoder: Encoder | None = None,
    usual: SearchSettings | None = None,
    seed: int = 0,
    trust_remote_code: bool = False,
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

    Raises
    ------
    SearchIndexError
        If there is no index, it cannot be opened, or another is changing it.
    """
    index = Path(index)
    settings = read_manifest(index).encoder.settings  # before anything is written there
    if encoder is None:
        settings = settings | {"trust_remote_code": trust_remote_code}
        encoder = open_encoder(EncoderSettings.model_validate(settings))
    with locked(index), Searcher.open(index, encoder=encoder) as searcher:
        manifest = searcher.manifest
        usual = usual or SearchSettings.model_validate(manifest.build["settings"]["search"])
        chosen = choose_weights(searcher, encoder, manifest.build["language"], usual, seed)
        write_manifest(index, weighed(manifest, usual, chosen))
    return chosen


def weighed(manifest: Manifest, usual: SearchSettings, chosen: Calibration | None) -> Manifest:
    """Return the manifest with other weights in it."""
    search = usual
    if chosen:
        weights = {"hybrid_views": chosen.hybrid_views, "words": chosen.words}
        search = usual.model_copy(update=weights)
    settings = manifest.build["settings"] | {"search": usual.model_dump()}
    return manifest.model_copy(
        update={
            "search": search,
            "calibration": chosen.model_dump() if chosen else None,
            "build": manifest.build | {"settings": settings},
        }
    )


def choose_weights(
    searcher: Searcher, encoder: Encoder, language: str, usual: SearchSettings, seed: int = 0
) -> Calibration:
    """Choose the weights for an open index.

    Parameters
    ----------
    searcher
        The index; its representation is the one that is calibrated.
    encoder
        The one that the index was built with.
    language
        ISO 639-1 code of the corpus.
    usual
        The weights to start from, and the fusion.
    seed
        Of the choice of documents and sentences.
    """
    weights = {"hybrid_views": usual.hybrid_views, "words": usual.words}
    asked: list[_HeldOut] = []
    unchanged = None
    if searcher.manifest.lexical is None:
        unchanged = "the index has no words"
    elif usual.fusion != "zscore":
        unchanged = f"{usual.fusion} is not calibrated, zscore is"
    else:
        asked = list(_hold_out(searcher, language, random.Random(seed)))
    if not unchanged and len(asked) < FEWEST:
        unchanged = f"{len(asked)} documents have a sentence to spare, {FEWEST} are needed"
    if unchanged:
        return Calibration(unchanged=unchanged, **weights, usual=weights, seed=seed)
    judged = _judge(searcher, encoder, asked, usual)
    likeliest = _likeliest(judged, usual)
    chosen = usual.model_copy(
        update={
            "words": _drawn(likeliest["words"], usual.words, TRUST_WORDS),
            "hybrid_views": _drawn(likeliest["hybrid_views"], usual.hybrid_views, TRUST_VIEWS),
        }
    )
    rankings: dict[str, tuple[SearchSettings, Mode]] = {
        "passage": (usual.model_copy(update={"views": 0}), "dense"),
        searcher.representation: (usual, "dense"),
        "words": (usual, "lexical"),
        "usual": (usual, "hybrid"),
        "chosen": (chosen, "hybrid"),
    }
    return Calibration(
        queries=len(judged),
        hybrid_views=chosen.hybrid_views,
        words=chosen.words,
        likeliest=likeliest,
        usual=weights,
        found={name: _ndcg(judged, *how) for name, how in rankings.items()},
        seed=seed,
    )


def _drawn(likeliest: float, usual: float, trust: float) -> float:
    return round((trust * likeliest + usual) / (trust + 1), 2)


def _hold_out(searcher: Searcher, language: str, chance: random.Random) -> Iterator[_HeldOut]:
    """Yield documents, each with a sentence taken out."""
    ends = np.cumsum([entry.documents for entry in searcher.manifest.segments])
    total = int(ends[-1])
    wanted = min(MOST, max(LEAST, total // SHARE))
    for place in chance.sample(range(total), min(total, 10 * wanted)):
        if not wanted:
            return
        number = int(np.searchsorted(ends, place, side="right"))
        ordinal = place - (int(ends[number - 1]) if number else 0)
        segment = searcher.segments[number]
        document = segment.document(ordinal)
        sentences = [" ".join(each.split()) for each in split_sentences(document.text, language)]
        usable = [each for each in sentences if len(each.split()) >= _LEAST_WORDS]
        sentence = chance.choice(usable) if usable else ""
        rest = " ".join([document.title, *(each for each in sentences if each != sentence)])
        if sentence and rest.strip():
            wanted -= 1
            words = sentence.split()
            left = [word for word in words if chance.random() >= _DROPPED] or words
            queries = (" ".join(words[:_HEAD]), " ".join(left))
            hidden = _hidden(segment.views(ordinal), sentence)
            yield _HeldOut(number, ordinal, rest.strip(), hidden, queries)


def _hidden(views: Mapping[int, View], sentence: str) -> frozenset[int]:
    """Return the views that know the sentence."""
    hidden = set()
    for place, view in views.items():
        text = " ".join(view.text.split())
        if view.maker != "document" or sentence in text or text in sentence:
            hidden.add(place)
    return frozenset(hidden)


def _judge(
    searcher: Searcher, encoder: Encoder, asked: Sequence[_HeldOut], usual: SearchSettings
) -> list[_Judged]:
    """Ask all pseudo-queries; the document asked for has the scores of what is left of it."""
    rests = encoder.encode_documents([each.rest for each in asked])
    both = [(each, rest) for each, rest in zip(asked, rests, strict=True) for _ in each.queries]
    queries = [query for each in asked for query in each.queries]
    pools = searcher.pools(queries, settings=usual)
    judged = []
    for query, (each, rest), (vector, pool) in track(
        zip(queries, both, pools, strict=True), "calibrating", lambda: len(queries)
    ):
        segment = searcher.segments[each.segment]
        views, similarities = segment.dense.rows(vector, each.ordinal)
        kept = np.array([view not in each.hidden for view in views.tolist()])
        kept[0], similarities[0] = True, vector @ rest
        parts = segment.dense.representation.parts(similarities[kept], np.zeros(1, np.int64))
        assert segment.lexical
        words = segment.lexical.score_text(query, each.rest)
        itself = (pool.segments == each.segment) & (pool.ordinals == each.ordinal)
        others = pool.at(np.flatnonzero(~itself))
        place = np.array([each.segment]), np.array([each.ordinal])
        own = Pool(*place, parts, np.array([words], np.float32), np.ones(1, bool))
        judged.append(_Judged(others.joined(own), len(others.ordinals)))
    return judged


def _likeliest(judged: Sequence[_Judged], usual: SearchSettings) -> dict[str, float]:
    """Return the weights under which the documents asked for are likeliest.

    Fitted are the coefficients of passage, views and words in a softmax over each pool, none of
    them negative. As in fusion, what vectors and words bring is divided by its deviation.
    """
    features = np.zeros((len(judged), max(len(each.pool.words) for each in judged), 3))
    filled = np.zeros(features.shape[:2], bool)
    for place, (pool, _) in enumerate(judged):
        spread = pool.parts.mixed(usual.hybrid_views).std() or 1.0
        columns = (*(part / spread for part in pool.parts), pool.words / (pool.words.std() or 1.0))
        features[place, : len(pool.words)] = np.stack(columns, axis=1)
        filled[place, : len(pool.words)] = True
    queries, targets = np.arange(len(judged)), [each.target for each in judged]

    def loss(coefficients: Array) -> tuple[float, Array]:
        scores = np.where(filled, features @ coefficients, -np.inf)
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        totals = shares.sum(axis=1, keepdims=True)
        expected = np.einsum("qd,qdf->qf", shares / totals, features)
        likelihood = scores[queries, targets] - np.log(totals[:, 0])
        return -float(likelihood.mean()), (expected - features[queries, targets]).mean(axis=0)

    found = minimize(loss, [0.3, 0.3, 0.4], jac=True, bounds=[(0, None)] * 3, method="L-BFGS-B")
    passage, views, words = found.x
    dense = passage + views
    return {
        "hybrid_views": round(float(views / dense), 3) if dense > 0 else usual.hybrid_views,
        "words": round(float(words / (dense + words)), 3) if dense + words > 0 else usual.words,
    }


def _ndcg(judged: Sequence[_Judged], settings: SearchSettings, mode: Mode) -> float:
    """Return the mean nDCG@10, one document being relevant; those that tie stand before it."""
    gains = []
    for pool, target in judged:
        scores = pool.scores(settings, mode)
        rank = int((scores >= scores[target]).sum())
        gains.append(1 / math.log2(1 + rank) if rank <= _CUTOFF else 0.0)
    return round(float(np.mean(gains)), 4)
