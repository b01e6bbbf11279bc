"""An index in Qdrant: one point is one document; it ranks as the index that was exported.

`export` writes a collection and keeps it equal to an index, and `index` searches it.
"""
