"""Queries in, hits out: a plan, a pool of documents for each query, their scores, the best of them."""
