"""Uses of generated questions in lexical search, and as pseudo-queries of calibration."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from benchmarks.scored_collection import ScoredCollection, calibrate
from corpus_tuner.calibration.pseudo_queries import PseudoQueries
from corpus_tuner.calibration.weights import score_queries
from corpus_tuner.config.recipe import read_stored_recipe
from corpus_tuner.core.documents import Document, View
from corpus_tuner.eval.trec.measures import QueryValues
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS, LexicalRanker
from corpus_tuner.indexes.lexical.words import extract_words
from corpus_tuner.text.passages import get_full_text

FIELD_WEIGHTS = (0.03, 0.06, 0.1, 0.15)
COPIED = 0.5
"""Largest share of a question's pairs of words that its document has, where it is capped."""
_WORD = re.compile(r"\w+")

Texts = Sequence[Sequence[str]]
"""Texts by document."""


def select_questions(views: Sequence[Sequence[View]]) -> list[list[str]]:
    """Return the questions of every document."""
    return [[view.text for view in own if view.kind == "question"] for own in views]


def select_new_words(document: str, texts: Sequence[str], language: str = "en") -> list[str]:
    """Return the words of texts whose stems a document lacks, each once.

    Examples
    --------
    >>> select_new_words("The mill grinds wheat.", ["Who grinds flour in a mill?"])
    ['Who', 'flour']
    """
    known = set(extract_words(document, language))
    new: dict[str, str] = {}
    for word in (word for text in texts for word in _WORD.findall(text)):
        for stem in extract_words(word, language):
            if stem not in known:
                new.setdefault(stem, word)
    return list(new.values())


def compute_copied_share(document: str, question: str) -> float:
    """Return the share of the pairs of adjacent words of a question that its document has.

    Examples
    --------
    >>> compute_copied_share("The old mill grinds wheat.", "What is the old mill?")
    0.5
    """
    pairs, known = (
        [*pairwise(words)]
        for words in (_WORD.findall(text.casefold()) for text in (question, document))
    )
    return float(np.mean([pair in {*known} for pair in pairs])) if pairs else 0.0


def add_words(
    collection: ScoredCollection,
    added: Texts,
    rankers: Sequence[LexicalRanker] = LEXICAL_RANKERS,
) -> ScoredCollection:
    """Return the collection with texts added to every document, for some lexical rankers.

    As in a build, they are added to the first window of a long document.
    """
    searcher = collection.searcher
    lexical = searcher.manifest.lexical
    assert lexical
    stored = searcher.segments.read_stored(np.arange(len(searcher)))
    windows = []
    for one, texts in zip(stored, added, strict=True):
        first, *others = lexical.split_text(one.document, one.views)
        windows.append(["\n".join((first, *texts)), *others])
    rests = [
        "\n".join((get_full_text(one.rest), *added[one.ordinal])) for one in collection.targets
    ]
    for ranker in rankers:
        collection = collection.score_texts(ranker, ranker, windows, rests)
    return collection


def measure_new_words(collection: ScoredCollection) -> Iterator[tuple[str, QueryValues]]:
    """Yield the use of the words that documents lack, for both lexical rankers and for each."""
    documents = [get_full_text(one) for one in collection.searcher.read_documents()]
    new = [
        [" ".join(select_new_words(*pair))]
        for pair in zip(documents, select_questions(collection.views), strict=True)
    ]
    for rankers in (LEXICAL_RANKERS, *((ranker,) for ranker in LEXICAL_RANKERS)):
        changed = add_words(collection, new, rankers)
        yield (
            f"words that the document lacks, {' and '.join(rankers)}",
            changed.measure(changed.weights),
        )


def measure_field(collection: ScoredCollection) -> Iterator[tuple[str, QueryValues]]:
    """Yield the use of questions as a field: rankers of their own, with weights of their own.

    Of the document of a held-out sentence, questions with a word that only the sentence has do not
    count: the generator had read it.
    """
    questions = select_questions(collection.views)
    of_targets = []
    for target in collection.targets:
        rest = get_full_text(target.rest)
        hidden = {*extract_words(target.sentence, "en")} - {*extract_words(rest, "en")}
        others = [
            one for one in questions[target.ordinal] if not hidden & {*extract_words(one, "en")}
        ]
        of_targets.append("\n".join(others))
    field = collection
    names = {f"questions by {ranker}": ranker for ranker in LEXICAL_RANKERS}
    for name, ranker in names.items():
        windows = [["\n".join(own)] for own in questions]
        field = field.score_texts(name, ranker, windows, of_targets)
    yield "questions as a field, calibrated", field.measure(field.weights)
    for weight in FIELD_WEIGHTS:
        weights = collection.weights | dict.fromkeys(names, weight / len(names))
        yield f"questions as a field, one weight = {weight}", field.measure(weights)


def make_targets(
    collection: ScoredCollection, most_copied: float, removed: bool
) -> list[PseudoQueries]:
    """Return two questions of each document that has held-out sentences, or one of them twice.

    Parameters
    ----------
    collection
        The collection.
    most_copied
        Largest share of a question's pairs of words that the document has.
    removed
        Whether the sentence that supports the first question is removed from its document.
    """
    targets = []
    for ordinal in dict.fromkeys(one.ordinal for one in collection.targets):
        if collection.searcher.segments.windows[ordinal] > 1:
            continue
        document = collection.searcher.segments.read_document(ordinal)
        questions = [
            view
            for view in collection.views[ordinal]
            if view.kind == "question"
            and compute_copied_share(document.text, view.text) <= most_copied
        ]
        if not questions:
            continue
        support = " ".join(questions[0].support.split())
        rest = _remove(document, support) if removed else document
        if rest:
            first, last = (questions[0], questions[0] if removed else questions[-1])
            targets.append(PseudoQueries(rest, (first.text, last.text), support, ordinal))
    return targets


def _remove(document: Document, sentence: str) -> Document | None:
    """Return a document without a sentence; ``None`` if there is no such sentence, or no rest."""
    text = " ".join(document.text.split())
    if sentence not in text:
        return None
    rest = replace(document, text=text.replace(sentence, " "))
    return rest if get_full_text(rest).strip() else None


def measure_pseudo_queries(collection: ScoredCollection) -> Iterator[tuple[str, QueryValues]]:
    """Yield the use of questions as pseudo-queries, with and without held-out sentences."""
    settings = read_stored_recipe(collection.searcher.manifest).search
    kinds: Mapping[str, tuple[float, bool]] = {
        "questions": (1.0, False),
        "questions that copy little": (COPIED, False),
        "questions, sentence removed": (COPIED, True),
    }
    for name, (most_copied, removed) in kinds.items():
        targets = make_targets(collection, most_copied, removed)
        scored = score_queries(collection.searcher, collection.encoder, targets, settings)
        for label, queries in (
            (name, scored),
            (f"{name}, and sentences", [*collection.pseudo, *scored]),
        ):
            weights = calibrate(queries, collection.default)
            yield f"weights by {label}", collection.measure(weights)
