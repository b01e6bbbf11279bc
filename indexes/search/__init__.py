"""Queries in, hits out: a plan, a pool of documents for each query, and the best of them."""
