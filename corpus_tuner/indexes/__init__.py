"""Texts to vectors, vectors to an index, an index to hits.

This wing knows nothing of generators, configs or benchmarks: it serves anybody who
has documents and views of them. Nothing heavy is imported until it is used.
"""
