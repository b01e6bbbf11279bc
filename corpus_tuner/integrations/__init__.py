"""Retrievers for other libraries: one file and one extra for each library.

All retrievers have the parameters ``index`` (the folder of an index, its address, or an open
`Searcher`), ``k`` (number of documents per query), and ``mode`` and ``filter`` of
`Searcher.search`. All but PyTerrier's have ``unit``: whole ``documents``, or of each the one of its
``passages`` that matches the query; `corpus_tuner.integrations.common.RetrievedText` has the
metadata.
"""
