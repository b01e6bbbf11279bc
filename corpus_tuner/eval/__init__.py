"""Runs and judgments to measures and reports.

This wing knows nothing of how a run was made: it can judge anybody's.
"""
