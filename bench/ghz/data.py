"""Print data for ghz: `python -m bench.ghz.data URL SHOW METHOD` asks a deployment's gateway for a show's free seats.

Of the methods hold-seats and create-booking each call gets two free seats that no other has, and a user of its own;
of get-seat-map all are alike.
"""

from __future__ import annotations

import argparse
import json
import sys
from uuid import uuid4

import httpx

METHODS = ("hold-seats", "create-booking", "get-seat-map")
CALL_SECONDS = 30


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ghz.data", description="Print data for ghz.")
    parser.add_argument("url", help="the gateway, such as http://127.0.0.1:8001")
    parser.add_argument("show", help="the id of a show")
    parser.add_argument("method", choices=METHODS)
    arguments = parser.parse_args()
    try:
        print(json.dumps(data(arguments.url, arguments.show, arguments.method), indent=1))
    except httpx.HTTPError as error:
        sys.exit(f"bench: {arguments.url} does not tell the seats of {arguments.show}: {error}")


def data(url: str, show: str, method: str) -> list[dict[str, object]]:
    """Return what each call sends."""
    if method == "get-seat-map":
        return [{"show_id": show}]
    page = httpx.get(f"{url}/api/v1/seats/shows/{show}/available", timeout=CALL_SECONDS, trust_env=False)
    free = [seat["id"] for seat in page.raise_for_status().json()["seats"]]
    return [
        {
            "user_id": str(uuid4()),
            "show_id": show,
            "show_seat_ids": free[first : first + 2],
            "idempotency_key": "{{newUUID}}",
        }
        for first in range(0, len(free) - 1, 2)
    ]


if __name__ == "__main__":
    main()
