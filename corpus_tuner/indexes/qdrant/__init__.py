"""An index in Qdrant: one point is one document, and it ranks as the index that it was made of.

`export` writes it and keeps it equal, `index` searches it. What they ask of Qdrant is one Protocol,
`engine`; `client` answers from a server or from qdrant-client's local mode, `edge` in this process.
"""
