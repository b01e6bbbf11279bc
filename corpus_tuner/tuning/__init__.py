"""Tuning: models that learn a corpus nobody has labelled.

`generator` learns to write what checks accept, `encoder` to find a document by what asks for it.
"""
