"""The refresh token as a cookie, for browsers: scripts cannot read it, and only /api/v1/auth is sent it."""

from collections.abc import Iterable

NAME = "__Secure-refresh_token"
_LIMITS = "Path=/api/v1/auth; Secure; HttpOnly; SameSite=Strict"
REMOVED = f"{NAME}=; Max-Age=0; {_LIMITS}"


def kept(token: str, seconds: int) -> str:
    """Return the header `set-cookie` that has a browser keep a token for so long."""
    return f"{NAME}={token}; Max-Age={seconds}; {_LIMITS}"


def token_in(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Return the token that a browser sent along, or the empty string."""
    for header, value in metadata:
        if header == "cookie" and isinstance(value, str):
            for pair in value.split(";"):
                name, _, token = pair.strip().partition("=")
                if name == NAME:
                    return token
    return ""
