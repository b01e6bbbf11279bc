"""Tuning: accepted views and instruction pairs in, a better generator out.

Data flows one way: `pairs` (what to learn from) -> `batches` (tokens, mixed and shuffled) ->
`training` (by `transformers.Trainer`, towards an `objective`) -> `curves` and `card` (what to show
for it).
"""
