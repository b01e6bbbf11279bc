"""Views of a document: generators, quality checks, and the ledger of both."""
