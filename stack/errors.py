"""The one error that people see."""


class StackError(Exception):
    """Something stands in the way; the text is one line that names it and says what to do."""
