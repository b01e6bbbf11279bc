"""From a text to passages, sentences and spans, and their vectors."""
