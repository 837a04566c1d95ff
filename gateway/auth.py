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
KEYS_SECONDS = 60
"""How long the public keys of identity are kept until they are asked for anew."""

PROVIDER = "identity"


def values(methods: Iterable[PublicMethod], host: str) -> dict[str, Any]:
    """Return what the template's part `auth` is filled with. `host` is where callers come in."""
    everybodys = [{"match": {"path": method.path}} for method in methods if not method.takes_token]
    others = {"match": {"prefix": "/boxoffice."}, "requires": {"provider_name": PROVIDER}}
    return {
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "keys_seconds": f"{KEYS_SECONDS}s",
        "rules": [*everybodys, others],
        "own_host": {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host),
    }


def add(bootstrap: dict[str, Any], part: dict[str, Any]) -> None:
    """Add the filter before the router, and its way to the keys, to a configuration."""
    resources = bootstrap["static_resources"]
    [chain] = resources["listeners"][0]["filter_chains"]
    http_filters = chain["filters"][0]["typed_config"]["http_filters"]
    http_filters.insert(-1, part["filter"])
    resources["clusters"].append(part["cluster"])
