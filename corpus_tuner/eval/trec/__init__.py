"""Queries, qrels and runs as TREC has them, measures of runs, and significance tests."""
