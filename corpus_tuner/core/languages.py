"""Languages of a corpus, and language identification among them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from corpus_tuner.core.documents import Document

CODES = frozenset(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz
    ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln
    lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi
    pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti
    tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
    """.split()  # noqa: SIM905
)
"""The codes of ISO 639-1."""
_FIELDS = ("language", "lang")  # fields of metadata
_SAMPLE_CHARACTERS = 600  # of a text; more do not change the result
_CERTAIN = 0.95


@dataclass(frozen=True, slots=True)
class Languages:
    """Languages of the documents of a corpus.

    Attributes
    ----------
    codes
        ISO 639-1 codes, the most common first.

    Examples
    --------
    >>> Languages(("en", "de")).detect(Document("d", "", "Der Müller mahlt das Korn am Fluss."))
    'de'
    >>> Languages(("en",)).detect(Document("d", "", "Der Müller mahlt das Korn am Fluss."))
    'en'
    """

    codes: tuple[str, ...]

    @property
    def main(self) -> str:
        """Most common language."""
        return self.codes[0] if self.codes else ""

    def detect(self, document: Document) -> str:
        """Return the most likely language of a document."""
        return self.detect_text(f"{document.title}\n{document.text}")

    def detect_text(self, text: str) -> str:
        """Return the most likely language of a text."""
        return self._find_most_probable(text)[0]

    def detect_query(self, query: str) -> str:
        """Return the language of a query; "" if it is not certain."""
        language, probability = self._find_most_probable(query)
        return language if probability >= _CERTAIN else ""

    def _find_most_probable(self, text: str) -> tuple[str, float]:
        if len(self.codes) < 2:
            return self.main, 1.0
        return _find_most_probable(text[:_SAMPLE_CHARACTERS], self.codes)


def get_given_language(document: Document) -> str | None:
    """Return the ISO 639-1 code in the metadata of a document, if there is one.

    Examples
    --------
    >>> get_given_language(Document("d", "", "Grüezi.", {"language": "de-CH"}))
    'de'
    """
    for field in _FIELDS:
        value = document.metadata.get(field)
        if isinstance(value, str):
            code = re.split("[-_]", value.strip().lower())[0]
            if code in CODES:
                return code
    return None


@lru_cache(4_096)  # several stages need the same document
def _find_most_probable(text: str, codes: tuple[str, ...]) -> tuple[str, float]:
    """Return the most likely of some languages and its probability."""
    ranked = dict(_load_identifier(codes).rank(text))
    best = max(codes, key=lambda code: ranked.get(code, 0.0))
    return best, ranked.get(best, 0.0)


@lru_cache(8)
def _load_identifier(codes: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages({*codes}.intersection(identifier.labels))
    return identifier
