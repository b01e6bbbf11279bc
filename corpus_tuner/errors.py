"""What can go wrong in this wing, in words for the person who can mend it."""


class CorpusTunerError(ValueError):
    """A corpus, a setting or a generator cannot be used; the message says where and what to do."""


class MissingExtraError(CorpusTunerError):
    """An optional library is not installed; the message names the command that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'corpus-tuner[{extra}]'")
