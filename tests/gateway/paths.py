"""The REST paths of the contracts, by what their methods take."""

from __future__ import annotations

import re

from gateway import static
from tests.gateway.fakes import PUBLIC, Method

GET_SHOW = "/boxoffice.inventory.v1.CatalogService/GetShow"
STREAM_SEATS = "/boxoffice.inventory.v1.InventoryService/StreamSeats"
WEBHOOK = "/api/v1/payments/webhook"


def _verbs_of_paths() -> dict[str, dict[str, Method]]:
    """Return which verbs each path takes, with a value in the place of its variable."""
    found: dict[str, dict[str, Method]] = {}
    for method in PUBLIC:
        for verb, path in method.bindings:
            found.setdefault(re.sub(r"{\w+}", "x", path), {})[verb] = method
    return found


PATHS = _verbs_of_paths()
READS = [path for path, verbs in PATHS.items() if "GET" in verbs and not verbs["GET"].streams]
STREAMS = [path for path, verbs in PATHS.items() if "GET" in verbs and verbs["GET"].streams]
PAGES = ["/healthz", "/api/v1/health", *static.paths("off")]
WITH_BODY = [(verb, path) for path, verbs in PATHS.items() for verb in verbs if verb in ("POST", "PUT", "PATCH")]
RAW = {path for path, verbs in PATHS.items() for method in verbs.values() if method.takes_bytes}
"""Paths whose body is what it is, webhooks and files."""
WITHOUT_BODY = [(verb, path) for path, verbs in PATHS.items() for verb in verbs if verb in ("GET", "DELETE")]
