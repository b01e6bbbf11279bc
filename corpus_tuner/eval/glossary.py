"""What the systems and rankers of a report are, for those who have not read the documentation."""

from collections.abc import Iterable

from corpus_tuner.eval.report import Result

ABOUT = (
    "How well searches find the documents that people judged relevant: the higher the better, 100 "
    "is best. A system is a way to rank the documents; every further one adds something."
)

_TERMS = {
    "bm25": "The words of a query, by BM25, as search engines without models do it.",
    "words": "The ranker that scores by words (BM25).",
    "ngrams": "Parts of words, four characters long, by BM25: finds other forms, and compounds.",
    "passage": "The encoder alone: a document is found by the vector of its own text.",
    "mean": "One vector for a document: the mean of its passage's and its views' vectors.",
    "views": "Every view has a vector of its own: a title, a sentence, or a short text, such as a "
    "question, that was written for the document. It is found by its passage and its best view.",
    "feedback": "The ranker that lifts documents like the first two hits of the others.",
    "default-weights": "All rankers together, by weights that are the same for every corpus.",
    "hybrid": "All rankers together, as users search: by weights that were chosen for this corpus "
    "without any judgments, where it is calibrated.",
    "oracle": "The best share of words and ngrams, chosen with the judgments: a bound, no result.",
    "oracle-all": "The best weights of all rankers, chosen with the judgments: a bound, no result.",
}


def glossary(results: Iterable[Result]) -> dict[str, str]:
    """Return what the names mean that some results show, of systems and of rankers."""
    results = list(results)
    shown = {name for result in results for name in (result.system, *result.weights)}
    return {name: meaning for name, meaning in _TERMS.items() if name in shown}
