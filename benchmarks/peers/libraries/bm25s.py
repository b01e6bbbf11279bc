"""bm25s, the quickstart of its README: stop words, a Snowball stemmer, BM25 as in Lucene."""

from collections.abc import Sequence
from pathlib import Path

import bm25s
import Stemmer

from benchmarks.peers.worker import Document, Encode, Search

TAKES_VECTORS = False
LANGUAGES = {"en": "english", "de": "german"}


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    texts = [document.full_text for document in documents]
    stemmer = Stemmer.Stemmer(LANGUAGES[language])
    tokens = bm25s.tokenize(texts, stopwords=language, stemmer=stemmer, show_progress=False)
    retriever = bm25s.BM25(corpus=[document.id for document in documents])
    retriever.index(tokens, show_progress=False)
    retriever.save(str(folder), corpus=retriever.corpus)


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    retriever = bm25s.BM25.load(str(folder), load_corpus=True)
    stemmer = Stemmer.Stemmer(LANGUAGES[language])

    def search(query: str, k: int) -> list[str]:
        tokens = bm25s.tokenize(query, stopwords=language, stemmer=stemmer, show_progress=False)
        most = min(k, len(retriever.corpus))
        found = retriever.retrieve(tokens, k=most, show_progress=False)
        return [hit["text"] for hit in found.documents[0]]

    return {"bm25s": search}
