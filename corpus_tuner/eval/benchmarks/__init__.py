"""Benchmarks: test collections by name, in BEIR folders and of ir_datasets."""
