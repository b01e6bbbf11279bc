"""Evaluation: runs of systems on benchmarks, measures, significance tests and reports."""
