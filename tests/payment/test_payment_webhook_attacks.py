"""Webhooks that nobody honest sends: each is refused with a 4xx, changes nothing, and is no accident in the log."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from grpc import StatusCode
from hypothesis import given
from hypothesis import strategies as st

from services.payment.errors import InvalidSignature
from services.payment.webhooks import MAX_BODY_BYTES, Signatures
from tests.bank.support import SECRET, refused
from tests.payment.world import PREVIOUS_SECRET, Payment, begun, event, paid, signed

UNSIGNED = (StatusCode.UNAUTHENTICATED, "INVALID_SIGNATURE")
NO_EVENT = (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
OTHER_SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()


@pytest.fixture(autouse=True)
def nothing_breaks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No refusal of these is an accident of ours: no traceback, nothing at ERROR."""
    yield
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    assert [record.getMessage() for record in records if record.exc_info or record.levelname == "ERROR"] == []


Attack = Callable[[bytes], tuple[bytes, dict[str, str]]]


def _headers(**other: str | None) -> Attack:
    def attack(body: bytes) -> tuple[bytes, dict[str, str]]:
        headers = signed(body) | {f"webhook-{name}": value for name, value in other.items()}
        return body, {name: value for name, value in headers.items() if value is not None}

    return attack


def _at(seconds: int) -> Attack:
    return lambda body: (body, signed(body, at=datetime.now(UTC) + timedelta(seconds=seconds)))


ATTACKS: dict[str, Attack] = {
    "forged": lambda body: (body, signed(body, secret=OTHER_SECRET)),
    "too old": _at(-301),
    "too new": _at(302),
    "truncated": lambda body: (body[:-1], signed(body)),
    "changed": lambda body: (body.replace(b"50000", b"50001"), signed(body)),
    "respaced": lambda body: (body + b" ", signed(body)),
    "another id": _headers(id="evt_other"),
    "another time": _headers(timestamp=str(int(datetime.now(UTC).timestamp()) + 60)),
    "no id": _headers(id=None),
    "no time": _headers(timestamp=None),
    "no signature": _headers(signature=None),
    "empty signature": _headers(signature=""),
    "no headers": lambda body: (body, {}),
    "bad base64": _headers(signature="v1,???"),
    "half a base64": _headers(signature="v1,abc"),
    "no version": _headers(signature="abc"),
    "commas": _headers(signature="v1,a,b"),
    "another version": lambda body: (body, {k: v.replace("v1,", "v2,") for k, v in signed(body).items()}),
    "not a time": _headers(timestamp="yesterday"),
    "not a number": _headers(timestamp="nan"),
    "an endless time": _headers(timestamp="inf"),
    "a huge time": _headers(timestamp="9" * 400),
    "bad UTF-8": lambda body: (body + b"\xff\xfe", signed(body)),
    "empty": lambda body: (b"", signed(body)),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_what_the_bank_did_not_sign_is_refused_and_changes_nothing(payment: Payment, attack: Attack):
    _, one = await begun(payment)
    before = await payment.everything()
    assert await refused(payment.hook(*attack(event(one)))) == UNSIGNED
    assert await payment.everything() == before


@pytest.mark.parametrize("seconds", [-298, 298])
async def test_five_minutes_off_are_forgiven(payment: Payment, seconds: int):
    booking_id, one = await paid(payment)
    await payment.hook(*_at(seconds)(event(one)))
    assert await payment.statuses(booking_id) == ["SUCCESS"]


async def test_old_and_new_secret_are_both_good_while_they_change(payment: Payment):
    for secret in (SECRET, PREVIOUS_SECRET):
        booking_id, one = await paid(payment)
        body = event(one)
        await payment.hook(body, signed(body, secret=secret))
        assert await payment.statuses(booking_id) == ["SUCCESS"]


async def test_one_good_signature_among_several_is_enough(payment: Payment):
    booking_id, one = await paid(payment)
    body = event(one)
    headers = signed(body)
    forged = signed(body, secret=OTHER_SECRET)["webhook-signature"]
    headers["webhook-signature"] = f"{forged} v1a,ignored {headers['webhook-signature']}"
    await payment.hook(body, headers)
    assert await payment.statuses(booking_id) == ["SUCCESS"]


def _other(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda fields: fields | changes


def _data(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda fields: fields | {"data": fields["data"] | changes}


NO_EVENTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a list": lambda fields: [fields],
    "a text": lambda fields: "payment.captured",
    "null": lambda fields: None,
    "no type": lambda fields: {k: v for k, v in fields.items() if k != "type"},
    "a type that is null": _other(type=None),
    "a type that is a list": _other(type=["payment.captured"]),
    "no data": _other(data=None),
    "no time": _other(timestamp=None),
    "a time without a zone": _other(timestamp="2026-11-21T12:00:00"),
    "an id that is none": _data(payment_id="1"),
    "an id with a NUL": _data(payment_id="\0" * 36),
    "a session that is a number": _data(session_id=1),
    "an amount that is a text": _data(amount="50000"),
    "an amount that is true": _data(amount=True),
    "half an amount": _data(amount=50000.5),
    "nothing": _data(amount=0),
    "less than nothing": _data(amount=-50000),
    "more than there is": _data(amount=10**30),
    "a currency in small letters": _data(currency="inr"),
    "a refund without an id": _other(type="refund.succeeded"),
}


@pytest.mark.parametrize("change", NO_EVENTS.values(), ids=NO_EVENTS.keys())
async def test_what_is_signed_but_no_event_is_refused_and_changes_nothing(
    payment: Payment, change: Callable[[dict[str, Any]], Any]
):
    _, one = await begun(payment)
    before = await payment.everything()
    body = json.dumps(change(json.loads(event(one)))).encode()
    assert await refused(payment.hook(body, signed(body))) == NO_EVENT
    assert await payment.everything() == before


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"NaN", b"[" * 30_000, b'{"a":' * 10_000, b'"\\ud800"'])
async def test_what_is_signed_but_no_json_is_refused(payment: Payment, body: bytes):
    assert await refused(payment.hook(body)) == NO_EVENT


async def test_a_body_that_is_too_large_is_refused_before_it_is_looked_at(payment: Payment):
    _, one = await paid(payment)
    fits = event(one, padding="x" * (MAX_BODY_BYTES - len(event(one, padding=""))))
    assert len(fits) == MAX_BODY_BYTES
    assert await refused(payment.hook(fits + b" ", {})) == NO_EVENT
    await payment.hook(fits)  # fields that are not known are left alone


async def test_an_event_id_that_is_too_long_is_refused(payment: Payment):
    _, one = await begun(payment)
    body = event(one)
    assert await refused(payment.hook(body, signed(body, id_="e" * 256))) == NO_EVENT


_text = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60)
_signature = st.one_of(_text, _text.map(lambda text: f"v1,{text}"))


@given(st.binary(max_size=100), st.fixed_dictionaries({}, optional={"id": _text, "signature": _signature}), _text)
def test_no_input_makes_the_check_stumble(body: bytes, fields: dict[str, str], time: str):
    signatures = Signatures([SECRET, PREVIOUS_SECRET])
    for timestamp in (time, str(datetime.now(UTC).timestamp())):
        headers: dict[str, str | bytes] = {f"webhook-{name}": value for name, value in fields.items()}
        with pytest.raises(InvalidSignature):
            signatures.check(body, headers | {"webhook-timestamp": timestamp})
