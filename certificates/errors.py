"""The one error of the certificates that people see."""


class CertificatesError(Exception):
    """Certificates cannot be made or used; the text is one line that names the reason and says what to do."""
