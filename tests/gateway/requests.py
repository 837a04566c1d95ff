"""Requests that are refused by a field, and what the contracts say of some fields."""

from typing import Any

import httpx
from boxoffice import words

GET_SHOW = "/boxoffice.inventory.v1.CatalogService/GetShow"
UNKNOWN = "is not a field of this request"
MUST = {name.rpartition(".v1.")[2]: words for name, words in words.MUST.items()}
PAGE_SIZE = MUST["ListShowsRequest.page_size"]
DURATION = MUST["CreateMovieRequest.duration_minutes"]
FROM = MUST["ListShowsRequest.from"]
START = MUST["CreateShowRequest.start_time"]
USER = MUST["CreateBookingRequest.user_id"]
SEAT = MUST["CreateBookingRequest.show_seat_ids[]"]


def reason(answer: httpx.Response) -> Any:
    return answer.json()["details"][0]["reason"]


def blamed(answer: httpx.Response, field: str, what: str) -> None:
    """See that the answer blames one field."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    info, bad = body["details"]
    assert (body["code"], info["reason"], info["domain"]) == (3, "INVALID_FIELD", "boxoffice")
    assert bad["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    (violation,) = bad["fieldViolations"]
    assert (violation["field"], violation["description"]) == (field, what)
    assert body["message"] == f"{field}: {what}"
