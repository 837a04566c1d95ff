"""What the shop says of what is refused."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from boxoffice.inventory.v1 import catalog_pb2

from boxoffice_client.errors import BY_REASON, Aborted, AlreadyExists, FailedPrecondition
from web.failures import BUSY, NOT_FOUND, Failed, failed
from web.office.picking import pick_show
from web.organizers import uploads
from web.pages import Pages
from web.refusals import SENTENCES
from web.sessions import Cookies
from web.visits import Visit, Visits

FAMILIES = (Aborted, AlreadyExists, FailedPrecondition)
"""After such a refusal a form stays, and says why."""

NEVER_MET = {
    # By services alone, or by the bank.
    *("CAPTURE_MISMATCH", "CLAIM_ALIVE", "CLAIM_CLOSED", "CLAIM_CONFIRMED", "PAYMENT_NOT_CAPTURED"),
    *("REFUND_EXCEEDS_CAPTURE", "SESSION_MISMATCH", "SESSION_NOT_CAPTURED"),
    # By gates, by pages of mails, and by who sets rules of tax.
    *("CODE_NOT_VALID", "GATE_NOT_FOR_SHOW", "GATE_STAYS_ONLINE", "LINK_NOT_VALID", "TAX_RULE_FIXED"),
    # Pages say by themselves what is to be looked at again.
    *("CANCELLATION_CHANGED", "PRICE_CHANGED"),
}
"""Reasons that no form of the shop shows as they come."""


def test_each_reason_that_a_form_can_meet_has_a_sentence_of_the_shop() -> None:
    reasons = {name for name, kind in BY_REASON.items() if issubclass(kind, FAMILIES) and kind not in FAMILIES}
    assert reasons - SENTENCES.keys() == NEVER_MET


@pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
async def test_what_is_raised_is_kept_by_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # An exception that is kept keeps each request that it was raised for, with its form and its session.
    request = make_mocked_request("GET", "/organizer/events/e/seats?showId=s", match_info={"event_id": "e"})
    show = catalog_pb2.Show(id="s", event_id="another")
    office: Any = SimpleNamespace(
        request=request, need_user=lambda: "u", services=SimpleNamespace(get_show=AsyncMock(return_value=show))
    )
    with pytest.raises(web.HTTPNotFound) as missed:
        await pick_show(cast(Visit, office))
    assert failed(missed.value) is NOT_FOUND and NOT_FOUND.__traceback__ is None
    monkeypatch.setattr(uploads, "_reading", asyncio.Semaphore(0))
    upload: Any = SimpleNamespace(request=SimpleNamespace(content_type=uploads.MULTIPART))
    with pytest.raises(Failed) as busy:
        await uploads.sent(cast(Visit, upload))
    assert busy.value.title == BUSY.title and BUSY.__traceback__ is None


async def test_who_comes_when_too_many_are_there_is_told_what_to_do() -> None:
    pages, cookies = Pages("http://shop.example", most_seats=6), Cookies(["c2VjcmV0" * 6], is_secure=False)
    visits = Visits(cast(Any, None), cookies, pages, most=0, is_secure=False)
    for language, text in (("en", "Try again in a few seconds."), ("hi", "कुछ सेकंड")):
        request = make_mocked_request("GET", "/", headers={"accept-language": language})
        answer = await visits.answer(request, AsyncMock())
        assert isinstance(answer, web.Response) and answer.status == 503
        assert text in str(answer.text) and answer.headers["retry-after"] == "2"
