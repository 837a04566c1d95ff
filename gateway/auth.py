"""Tokens at the edge: who has no good access token gets no further, but for what the contracts allow everybody.

The services verify tokens themselves, roles and owners included: this keeps floods of bad calls from them. Which
methods take a token is said by their policies in the contracts, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.contracts import PublicMethod

ISSUER = "boxoffice-identity"
AUDIENCE = "boxoffice"
KEYS_SECONDS = 5
"""How long the public keys of identity are kept until they are asked for anew."""

PROVIDER = "identity"

FAILURE = "failure"
"""Under this name Envoy notes what is wrong with a token."""
KEYS_AWAY = "Jwks remote fetch is failed"
"""What it notes where it could not fetch the keys, in its words."""


def values(methods: Iterable[PublicMethod], host: str) -> dict[str, Any]:
    """Return what the template's part `auth` is filled with. `host` is where callers come in.

    Gates have no tokens: whether a credential is good, the service tells that made it. What has not the form of one
    gets no further.
    """
    methods = list(methods)
    everybodys = [method.path for method in methods if not method.takes_token]
    noted = [{"provider_name": PROVIDER}, {"allow_missing_or_failed": {}}]
    others = {"match": {"prefix": "/boxoffice."}, "requires": {"requires_any": {"requirements": noted}}}
    return {
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "keys_seconds": f"{KEYS_SECONDS}s",
        "rules": [*({"match": {"path": path}} for path in everybodys), others],
        "open_to_all": [{"url_path": {"path": {"exact": path}}} for path in everybodys],
        "of_gates": [{"url_path": {"path": {"exact": method.path}}} for method in methods if method.is_gates],
        "failure": FAILURE,
        "keys_away": KEYS_AWAY,
        "own_host": {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host),
    }


def add(bootstrap: dict[str, Any], part: dict[str, Any]) -> None:
    """Add the filters before the router, and their way to the keys, to a configuration."""
    resources = bootstrap["static_resources"]
    [chain] = resources["listeners"][0]["filter_chains"]
    http_filters = chain["filters"][0]["typed_config"]["http_filters"]
    http_filters[-1:-1] = [part["filter"], part["gate"]]
    resources["clusters"].append(part["cluster"])
