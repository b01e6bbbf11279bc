"""Checks: accept or reject generated views, each with a reason.

A file here is a check: it has ``Settings`` and ``Check``, which is made from them and the encoder
(`corpus_tuner.core.registry`). Checks look at the views of one document, one check after the other,
and only at what those before it accepted.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

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
    check
        Name of the check that rejected it; checks leave it out.
    """

    reason: str = ""
    support: str = ""
    check: str = ""


ACCEPTED = Verdict()


class Check(Protocol):
    """Judges the generated views of one document."""

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate; all are of one document."""


def open_checks(settings: Sequence[PluginSettings], encoder: Encoder) -> dict[str, Check]:
    """Make the checks that `settings` describe, by name and in their order."""
    return {one.name: load_plugin(__name__, one.name).Check(one, encoder) for one in settings}


def hash_checks(settings: Sequence[PluginSettings], fingerprint: str) -> str:
    """Return a hash of the settings of checks, in their order, and the encoder's fingerprint."""
    parts = [[each.model_dump(mode="json") for each in settings], fingerprint]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def judge(candidates: Sequence[Candidate], checks: Mapping[str, Check]) -> list[Verdict]:
    """Return a verdict on each view of a document, by the checks one after the other.

    It is the first one that rejects the view, or its acceptance with the support that was found.
    """
    verdicts = [ACCEPTED] * len(candidates)
    for name, check in checks.items():
        standing = [position for position, verdict in enumerate(verdicts) if not verdict.reason]
        if not standing:
            break
        found = check.judge([candidates[position] for position in standing])
        for position, verdict in zip(standing, found, strict=True):
            if verdict.reason:
                verdicts[position] = verdict._replace(check=name)
            elif verdict.support:
                verdicts[position] = verdict
    return verdicts
