"""Indexes of documents with views: files, vectors, terms, filters, search."""
