"""What an analysis says when it cannot be made."""


class EvaluationError(ValueError):
    """An analysis that cannot be made from what was given: `code` is stable, the message says what is missing."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
