"""An index as a retriever of other libraries: one file each, and an extra of the same name."""
