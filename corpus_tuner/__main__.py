"""Run the command line as ``python -m corpus_tuner``."""

from corpus_tuner.cli import main

main()
