"""PyTerrier: BM25 by its PISA engine, an index of vectors, and both of its ways to fuse them.

PISA has stemmers for English only; for other languages a pipeline stems, as its documentation
advises. (Terrier itself needs files from Maven's repository.)
"""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyterrier as pt
import pyterrier_alpha as pta
import Stemmer
from pyterrier.pipelines import PerQueryMaxMinScoreTransformer
from pyterrier_dr import BiEncoder, FlexIndex
from pyterrier_pisa import PisaIndex

from benchmarks.peers.worker import Document, Encode, Search

SNOWBALL = {"de": "german"}


class Encoder(BiEncoder):
    """The encoder, as PyTerrier calls it."""

    def __init__(self, encode: Encode) -> None:
        super().__init__()
        self._encode = encode

    def encode_queries(self, texts: list[str], batch_size: int | None = None) -> np.ndarray:
        """Return the vectors of texts, of documents as of queries."""
        return self._encode(list(texts))

    encode_docs = encode_queries


def stem(text: str, language: str) -> str:
    """Return a text as PISA gets it: it stems English by itself."""
    words = re.findall(r"\w+", text.lower())
    if language in SNOWBALL:
        words = Stemmer.Stemmer(SNOWBALL[language]).stemWords(words)
    return " ".join(words)


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    folder.mkdir()
    choice = {"stemmer": "none", "stops": "none"} if language in SNOWBALL else {}
    PisaIndex(str(folder / "words.pisa"), text_field="text", **choice).index(
        {"docno": one.id, "text": stem(one.full_text, language)} for one in documents
    )
    indexer = Encoder(encode).doc_encoder() >> FlexIndex(str(folder / "vectors.flex")).indexer()
    indexer.index({"docno": one.id, "text": one.full_text} for one in documents)


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    words, vectors = PisaIndex(str(folder / "words.pisa")), FlexIndex(str(folder / "vectors.flex"))
    encoder = Encoder(encode).query_encoder()
    stemmed = pt.apply.query(lambda row: stem(row["query"], language))

    def search(fusion: str, query: str, k: int) -> list[str]:
        lexical = stemmed >> words.bm25(num_results=k) >> pt.rewrite.reset()
        dense = encoder >> vectors.retriever(num_results=k)
        pipeline: Any = pta.RRFusion(lexical, dense, num_results=k)
        if fusion == "minmax":
            scale = PerQueryMaxMinScoreTransformer()  # that of pyterrier_alpha 0.16.5 fails
            pipeline = ((lexical >> scale) + (dense >> scale)) % k
        found = pipeline.search(query)
        return list(found.sort_values("rank")["docno"])

    return {
        "PyTerrier, RRF": partial(search, "rrf"),
        "PyTerrier, min-max sum": partial(search, "minmax"),
    }
