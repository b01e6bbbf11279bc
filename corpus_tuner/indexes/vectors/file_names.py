"""Names of the files of a segment's vectors."""

from pathlib import Path


def vectors_file(folder: Path, representation: str) -> Path:
    """Return the file of a representation's vectors in a segment."""
    return folder / f"{representation}.faiss"


def structure_file(folder: Path, representation: str, engine: str, generation: int) -> Path:
    """Return the file of what an engine keeps for a representation's vectors since a commit."""
    return folder / f"{representation}.{engine}.{generation:06}.faiss"


def row_views_file(folder: Path, representation: str) -> Path:
    """Return the file that has the view of every vector, int32 of shape (rows,)."""
    return folder / f"{representation}.views.npy"


def row_starts_file(folder: Path, representation: str) -> Path:
    """Return the file that has every document's first row, and the end; int64, (documents + 1,)."""
    return folder / f"{representation}.starts.npy"
