"""Queries in, hits out: a plan, a pool of documents per query, and the best of them."""
