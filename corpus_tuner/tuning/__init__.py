"""Tuning: accepted views and instruction pairs in, a better generator out.

Data flows one way: `pairs` (what to learn from) -> `batches` (tokens, mixed and shuffled) ->
`training` (the loop, with `checkpoints`) -> `curves` and `card` (what to show for it).
"""
