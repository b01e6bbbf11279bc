"""Checks: accept or reject generated views, each with a reason.

A file here is a check: it holds ``Settings`` and ``Check``, which is made from them and the
resources of a build (`indexes.registry`). Checks look at a chunk of documents at a time, one
check after the other, each at what those before it accepted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from indexes.documents import Document, View
from indexes.encoders.remembering import RememberingEncoder
from indexes.registry import PartSettings, part


class Candidate(NamedTuple):
    """A generated view that is to be judged.

    Attributes
    ----------
    document
        What it was written for.
    own
        The document's own views: passages, title, sentences.
    view
        What was written.
    language
        ISO 639-1 code of what was asked for.
    """

    document: Document
    own: Sequence[View]
    view: View
    language: str


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


@dataclass(frozen=True, slots=True)
class Resources:
    """What a build lends its checks.

    Attributes
    ----------
    encoder
        The build's own; what it remembers stays until the next chunk.
    nearest
        Returns for queries the ids of the documents whose passages are the nearest, best first;
        given queries and how many. Calling it the first time may take long: it needs an index of
        the passages of the whole corpus.
    """

    encoder: RememberingEncoder
    nearest: Callable[[Sequence[str], int], list[list[str]]]


class Check(Protocol):
    """Judges the generated views of a chunk of documents."""

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""


def open_checks(settings: Sequence[PartSettings], resources: Resources) -> dict[str, Check]:
    """Make the checks that `settings` describe, by name and in their order."""
    return {each.name: part(__name__, each.name).Check(each, resources) for each in settings}


def judge(
    candidates: Sequence[Candidate], checks: Mapping[str, Check]
) -> tuple[list[Verdict], list[str]]:
    """Let the checks judge, one after the other.

    Returns
    -------
    verdicts, judges
        For each candidate the first verdict that rejects it, or its acceptance with the support
        that was found; and the name of the check that rejected it, or nothing.
    """
    verdicts = [ACCEPTED] * len(candidates)
    judges = [""] * len(candidates)
    for name, check in checks.items():
        standing = [place for place, verdict in enumerate(verdicts) if not verdict.reason]
        if not standing:
            break
        for place, verdict in zip(
            standing, check.judge([candidates[each] for each in standing]), strict=True
        ):
            if verdict.reason:
                verdicts[place], judges[place] = verdict, name
            elif verdict.support:
                verdicts[place] = verdict
    return verdicts, judges
