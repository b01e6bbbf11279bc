"""Tuning an encoder on a corpus that nobody has labelled.

Data flows one way: `questions` (what asks for which document) -> `teacher` (how an index that
searches by vectors and words ranks what could answer) -> `training` (by sentence-transformers,
towards an `objective`) -> `verdict` (whether held-out documents are found better, and how much of
what was learnt is kept) -> `tune` (the order of it all, and what it leaves behind).
"""
