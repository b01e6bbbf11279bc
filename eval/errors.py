"""What can go wrong in this wing, in words for the person who can mend it."""


class EvaluationError(ValueError):
    """A benchmark or a run cannot be used; the message says where and what to do.

    Examples
    --------
    >>> from corpus_tuner.eval.measures import parse_measure
    >>> try:
    ...     parse_measure("fame@10")
    ... except EvaluationError as error:
    ...     print(str(error).partition(";")[0])
    no measure is called 'fame@10'
    """
