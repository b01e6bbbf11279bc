"""One file a library: how its documentation recommends to index documents and to search them.

Each has two functions: ``index`` writes an index into a folder, and ``open_index`` returns, by the
name of a system, a function of a query and a number of hits that returns ids, best first. A library
that has no use for vectors of the encoder says so by ``TAKES_VECTORS``.
"""
