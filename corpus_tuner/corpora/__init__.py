"""Corpora: streams of documents from files, folders and libraries.

A file here is a kind of source: its ``read`` yields records and bad records. What is the same for
all of them, from records to checked documents with unique ids, is in `corpus_tuner.corpora.corpus`;
`corpus_tuner.corpora.open_source` tells them apart.
"""

from corpus_tuner.corpora.corpus import Corpus
from corpus_tuner.corpora.settings import CorpusSettings

__all__ = ["Corpus", "CorpusSettings"]
