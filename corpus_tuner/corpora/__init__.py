"""Corpora: streams of documents from files, folders and libraries.

A file here is a kind of source. It gives ``read(source, settings)``, an iterator over records
and bad records; what is the same for all of them, from records to checked documents with unique
ids, is in `corpus_tuner.corpora.corpus`.
"""

from corpus_tuner.corpora.corpus import Corpus, CorpusSettings

__all__ = ["Corpus", "CorpusSettings"]
