"""Checks: accept or reject generated views, each with a reason.

A file here is a check: it has ``Settings`` and ``Check``, which is made from them, the resources
of a build, and what was fitted for it (`corpus_tuner.core.registry`). Checks look at the views
of one document, one check after the other, and only at what those before it accepted.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.registry import PluginSettings, load_plugin
from corpus_tuner.encoders import Encoder, Vectors


class Candidate(NamedTuple):
    """A generated view that is to be judged.

    Attributes
    ----------
    document
        Document that the view was generated for.
    own, own_vectors
        The document's own views (passages, title, sentences) and their vectors, (views, dimension).
    view, vector
        Generated view, and its vector, shape (dimension,).
    language
        Requested language, ISO 639-1.
    key
        Key of the view in the ledger.
    """

    document: Document
    own: Sequence[View]
    own_vectors: Vectors
    view: View
    vector: Vectors
    language: str
    key: str = ""

    @property
    def similarities(self) -> list[float]:
        """Cosines of the view with each of the document's own, rounded."""
        near = (self.own_vectors @ self.vector).astype(np.float64)
        return [float(each) for each in near.round(6)]


class Verdict(NamedTuple):
    """What a check says of a view.

    Attributes
    ----------
    reason
        Why it is rejected, in the same words for all such views, so that they can be counted;
        empty if it is accepted.
    support
        The sentence of the document that the view rests on, where the check looked for it.
    """

    reason: str = ""
    support: str = ""


ACCEPTED = Verdict()


Nearest = Callable[[Sequence[Candidate], int], list[list[str]]]
"""Returns for each candidate, as a query, the ids of the documents whose passages are the nearest,
best first; given the candidates and how many. Safe to call from several threads."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a build lends its checks.

    Attributes
    ----------
    encoder
        The build's own.
    find_passages
        Reads the passages of the whole corpus, which may take long, and returns what asks them.
    """

    encoder: Encoder
    find_passages: Callable[[], Nearest]


class Check(Protocol):
    """Judges the generated views of one document.

    Attributes
    ----------
    fits
        Whether it must be fitted on a sample of the corpus first (by the ``fit`` of its file).
    """

    fits: ClassVar[bool]

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate; all are of one document."""


Fitted = Mapping[str, Any]
"""What was fitted for the checks that need it, by name, with values of JSON types."""


def find_unfitted(settings: Sequence[PluginSettings]) -> list[PluginSettings]:
    """Return those of some checks that must be fitted on a sample of the corpus."""
    return [each for each in settings if load_plugin(__name__, each.name).Check.fits]


def fit_checks(
    settings: Sequence[PluginSettings], candidates: Sequence[Candidate]
) -> dict[str, Any]:
    """Fit the checks that need it on what was written for a sample of the corpus."""
    return {each.name: load_plugin(__name__, each.name).fit(each, candidates) for each in settings}


def open_checks(
    settings: Sequence[PluginSettings], resources: Resources, fitted: Fitted
) -> dict[str, Check]:
    """Make the checks that `settings` describe, by name and in their order."""
    return {
        each.name: load_plugin(__name__, each.name).Check(each, resources, fitted.get(each.name))
        for each in settings
    }


def hash_checks(settings: Sequence[PluginSettings], fingerprint: str, fitted: Fitted) -> str:
    """Return a hash of all that decides verdicts, but for documents and views.

    Parameters
    ----------
    settings
        Settings of the checks, in their order.
    fingerprint
        Fingerprint of the encoder.
    fitted
        Thresholds that were fitted for the checks.
    """
    parts = [[each.model_dump(mode="json") for each in settings], fingerprint, dict(fitted)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def judge(
    candidates: Sequence[Candidate], checks: Mapping[str, Check]
) -> tuple[list[Verdict], list[str]]:
    """Let the checks judge the views of a document, one after the other.

    Returns
    -------
    verdicts, judges
        For each candidate the first verdict that rejects it, or its acceptance with the support
        that was found; and the name of the check that rejected it, or nothing.
    """
    verdicts = [ACCEPTED] * len(candidates)
    judges = [""] * len(candidates)
    for name, check in checks.items():
        standing = [position for position, verdict in enumerate(verdicts) if not verdict.reason]
        if not standing:
            break
        found = check.judge([candidates[position] for position in standing])
        for position, verdict in zip(standing, found, strict=True):
            if verdict.reason:
                verdicts[position], judges[position] = verdict, name
            elif verdict.support:
                verdicts[position] = verdict
    return verdicts, judges
