"""What can go wrong in this wing, in words for the person who can mend it."""


class EvaluationError(ValueError):
    """A benchmark or a run cannot be used; the message says where and what to do."""
