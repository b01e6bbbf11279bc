"""Fine-tuning a generator on pairs of documents and texts that checks accepted."""
