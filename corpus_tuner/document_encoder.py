"""Encode the texts of a document by themselves, and once, for all stages that need them."""

from collections.abc import Mapping, Sequence

import numpy as np

from corpus_tuner.indexes.encoders import Encoder, Vectors

Texts = Mapping[str, Sequence[str]]
"""For the id of each document, some texts."""


class DocumentEncoder:
    """Encodes texts by document: what a document's texts give does not depend on its neighbours.

    In half precision, and in the last digits in any, a vector depends on the texts that it is
    encoded with. So those of one document are encoded together and no others with them
    (`Encoder.encode_groups`), and only what is asked to be remembered is: what is encoded with what
    then depends on the document and the recipe, not on what the ledger had already.

    Parameters
    ----------
    encoder
        Does the work.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._known: dict[str, dict[str, Vectors]] = {}

    def forget(self) -> None:
        """Forget all texts: the next ones are of other documents."""
        self._known = {}

    def remember(self, texts: Texts) -> None:
        """Encode texts and keep their vectors until `forget`."""
        for id_, new in self._encode(texts).items():
            self._known.setdefault(id_, {}).update(new)

    def put(self, id_: str, texts: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors that are known already, until `forget`."""
        self._known.setdefault(id_, {}).update(zip(texts, vectors, strict=True))

    def encode(self, texts: Texts) -> dict[str, Vectors]:
        """Return for each document the vectors of its texts, float32, shape (texts, dimension)."""
        new = self._encode(texts)
        none = np.zeros((0, self.encoder.dimension), np.float32)
        found = {}
        for id_, own in texts.items():
            known = {**self._known.get(id_, {}), **new[id_]}
            found[id_] = np.stack([known[text] for text in own]) if own else none
        return found

    def _encode(self, texts: Texts) -> dict[str, dict[str, Vectors]]:
        """Encode what is not known of each document."""
        groups = {
            id_: [text for text in dict.fromkeys(own) if text not in self._known.get(id_, {})]
            for id_, own in texts.items()
        }
        vectors = self.encoder.encode_groups(list(groups.values()))
        return {
            id_: dict(zip(group, own, strict=True))
            for (id_, group), own in zip(groups.items(), vectors, strict=True)
        }
