"""Views of a document, and their vectors."""

import numpy as np

from corpus_tuner.core.documents import View

KINDS = ["passage", "passage", "title", "sentence", "sentence"]
VIEWS = [View("a", kind, kind) for kind in KINDS]
VECTORS = np.eye(5, dtype=np.float32)
