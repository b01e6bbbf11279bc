"""Rerankers: a query and a text in, a score out."""

from corpus_tuner.rerankers.reranker import Reranker, RerankerSettings

__all__ = ["Reranker", "RerankerSettings"]
