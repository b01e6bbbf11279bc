"""Quality and cost of what people would use instead, with the same encoder, all-MiniLM-L6-v2."""
