"""Fine-tuning an encoder on the documents of a corpus, without labels.

Synthetic queries ask for documents; an index of the corpus is the teacher that ranks documents for
them; pseudo-queries of held-out documents measure whether the tuned encoder is better.
"""
