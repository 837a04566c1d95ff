"""The one error of the audit that people see."""


class AuditError(Exception):
    """Something stands in the audit's way; the text is one line that names it and says what to do."""
