"""What lies on disk: documents and views, staged while they are written, committed in one step."""
