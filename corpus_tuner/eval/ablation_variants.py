"""What an ablation compares: variants of an index, each by which of a document's views count."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from corpus_tuner.core.documents import Document, View
from corpus_tuner.encoders import Vectors
from corpus_tuner.generation.checks import Candidate, Check, judge

OWN, EXTRACTIVE, GENERATED, TUNED = "own", "extractive", "generated", "tuned"
"""Parts of a document's views: its own, and what the generators wrote."""

_OWN_KINDS = ("title", "sentence")


class Variant(NamedTuple):
    """Which views of a document count; its passage always does.

    Attributes
    ----------
    name
        As the table has it.
    parts
        Those whose views count: of `OWN` and the rest, and what sets of checks left of them.
    kind
        The one kind that counts; empty for all.
    """

    name: str
    parts: tuple[str, ...]
    kind: str = ""


def check_sets(part: str, checks: Iterable[str]) -> dict[str, list[str]]:
    """Return the sets of checks that a part goes through, by the name of what they leave.

    Parameters
    ----------
    part
        What a generator wrote.
    checks
        Their names; nothing is checked that does not invent.

    Examples
    --------
    >>> check_sets("tuned", ["duplicate", "relevance"])
    {'tuned, checked': ['duplicate', 'relevance']}
    """
    names = list(checks)
    if not names or part in (OWN, EXTRACTIVE):
        return {}
    sets = {f"{part}, checked": names}
    if part == GENERATED and len(names) > 1:
        for left_out in names:
            others = [name for name in names if name != left_out]
            sets[f"{part}, checked but for {left_out}"] = others
    return sets


def variants(kinds: Mapping[str, Sequence[str]], checks: Sequence[str]) -> list[Variant]:
    """Return what is compared.

    Parameters
    ----------
    kinds
        Of views that every generator writes, by its part.
    checks
        Names of the recipe's checks.

    Examples
    --------
    >>> [variant.name for variant in variants({"extractive": ["summary"]}, [])]
    ['own', 'own, extractive', 'only title', 'only sentence', 'only summary, extractive']
    """
    compared = [Variant(OWN, (OWN,))]
    alone = [Variant(f"only {kind}", (OWN,), kind) for kind in _OWN_KINDS]
    for part, written in kinds.items():
        sets = check_sets(part, checks)
        last = f"{part}, checked" if sets else part
        for name in (part, *sets):
            compared.append(Variant(f"own, {name}", (OWN, name)))
            if sets and name == last:
                compared.append(Variant(f"own, extractive, {name}", (OWN, EXTRACTIVE, name)))
        alone += [Variant(f"only {kind}, {last}", (last,), kind) for kind in written]
    return [*compared, *alone]


class Writer(NamedTuple):
    """Who wrote a part.

    Attributes
    ----------
    part
        Its name.
    languages
        For every kind of view the language that was asked for, ISO 639-1.
    checks
        By name, what its views must pass; none for what does not invent.
    """

    part: str
    languages: Mapping[str, str]
    checks: Mapping[str, Check]


class Parts:
    """Finds out which parts and variants the views of a document belong to.

    Parameters
    ----------
    writers
        By the identity of the generator.
    """

    def __init__(self, writers: Mapping[str, Writer]) -> None:
        self._writers = writers

    def of(
        self, document: Document, views: Sequence[View], vectors: Vectors
    ) -> list[tuple[str, ...]]:
        """Return for every view the parts that it belongs to, what checks left of them included.

        Parameters
        ----------
        document
            Whose views they are.
        views
            All of them, its own first.
        vectors
            Of the views, float32, shape (views, dimension).
        """
        own = [number for number, view in enumerate(views) if view.maker not in self._writers]
        parts: list[tuple[str, ...]] = [(OWN,)] * len(views)
        for maker, writer in self._writers.items():
            written = [number for number, view in enumerate(views) if view.maker == maker]
            candidates = [
                Candidate(
                    document,
                    [views[one] for one in own],
                    vectors[own],
                    views[number],
                    vectors[number],
                    writer.languages[views[number].kind],
                )
                for number in written
            ]
            labels: list[tuple[str, ...]] = [(writer.part,)] * len(written)
            for name, chosen in check_sets(writer.part, writer.checks).items():
                verdicts, _ = judge(candidates, {check: writer.checks[check] for check in chosen})
                labels = [
                    label if verdict.reason else (*label, name)
                    for label, verdict in zip(labels, verdicts, strict=True)
                ]
            for number, label in zip(written, labels, strict=True):
                parts[number] = label
        return parts
