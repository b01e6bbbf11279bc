"""Dynamic-width speculative beam decoding (Qin et al., arXiv 2409.16560).

A small model, the draft, writes some layers of a forest of beams; a large one, the target, reads
all of them in one pass and verifies layer by layer. What comes out is distributed as the target's
own beam sampling, in which every layer is drawn anew: so many beams, independently, each with the
probability that the target gives its whole text.

`tree` (what was written) -> `beams` (a layer, and what may follow) -> `verification` (which drafts
are taken) and `width` (how many of them) -> `decoding` (round after round). They ask models for
log-probabilities alone, through `Reader`; `passes` is the one of transformers' encoder-decoders,
and `engine` answers requests.
"""
