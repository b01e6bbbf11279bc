"""Types and functions that all folders use: documents, metadata, files, progress, plugins."""
