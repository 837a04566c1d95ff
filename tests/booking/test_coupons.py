"""Coupons, by those who make them and those who ask whether a code is good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import coupon_pb2 as pb
from boxoffice.inventory.v1 import seat_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2

from services.booking.coupons.operation import forget_tries
from services.chassis.wire.calls import DETAILS
from services.chassis.wire.identity import Caller, caller
from tests.booking.house import ANN, BOB, House, refused
from tests.cases import all_cases
from tests.databases import move_clock

CAT, DAN = uuid4(), uuid4()
"""Organizers."""


def terms(**changes: Any) -> pb.CouponTerms:
    given: dict[str, Any] = {"kind": pb.CouponTerms.PERCENTAGE, "percentage": 20}
    return pb.CouponTerms(**given | changes)


def in_(seconds: int) -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return Timestamp(seconds=now.seconds + seconds)


async def make(house: House, code: str = "monsoon", *, key: str = "", **changes: Any) -> pb.Coupon:
    request = pb.CreateCouponRequest(code=code, terms=terms(**changes), idempotency_key=key)
    return await house.coupons.CreateCoupon(request)


async def ask(house: House, code: str, user: UUID = ANN, show: str = "") -> pb.ValidateCouponResponse:
    request = pb.ValidateCouponRequest(code=code, user_id=str(user), show_id=show or house.show_id)
    return await house.coupons.ValidateCoupon(request)


async def why_not(house: House, code: str, user: UUID = ANN, show: str = "") -> str:
    answer = await ask(house, code, user, show)
    assert answer.valid == (answer.why_not == 0)
    return pb.ValidateCouponResponse.WhyNot.Name(answer.why_not)


@contextmanager
def calling(house: House, user: UUID, *roles: str) -> Iterator[None]:
    """Make the calls of the house those of a user."""
    house.callers.append(Caller(user_id=user, roles=frozenset(roles)))
    try:
        yield
    finally:
        house.callers.pop()


# --- Made


async def test_a_coupon_is_what_was_asked_for_and_its_code_is_in_capitals(house: House) -> None:
    wanted = terms(
        currency="INR",
        valid_from=in_(-60),
        valid_until=in_(3600),
        minimum_amount=100,
        maximum_discount=50_000,
        max_uses=100,
        max_uses_per_user=2,
        show_ids=[house.show_id],
        tiers=[seat_pb2.Seat.REGULAR, seat_pb2.Seat.VIP],
    )
    made = await house.coupons.CreateCoupon(pb.CreateCouponRequest(code="Monsoon-20", terms=wanted))
    assert (made.code, made.terms, made.uses, made.organizer_id) == ("MONSOON-20", wanted, 0, "")
    assert await house.coupons.GetCoupon(pb.GetCouponRequest(coupon_id=made.id)) == made


async def test_a_code_is_given_once_whatever_its_letters_and_whoever_is_faster(house: House) -> None:
    codes = ("rain", "RAIN", "Rain", "rAIN") * 5
    outcomes = await asyncio.gather(*(make(house, code) for code in codes), return_exceptions=True)
    assert sum(isinstance(outcome, pb.Coupon) for outcome in outcomes) == 1
    assert (await refused(make(house, "rain"))).reason == "COUPON_CODE_TAKEN"


async def test_a_coupon_is_made_once_under_its_key(house: House) -> None:
    answers = await asyncio.gather(*(make(house, "rain", key="k1") for _ in range(20)))
    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert (await refused(make(house, "snow", key="k1"))).reason == "IDEMPOTENCY_KEY_REUSED"
    assert await why_not(house, "snow") == "NOT_VALID", "what was refused has made nothing"


WRONG: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a percentage of nothing": ({"percentage": 0}, {"terms.percentage"}),
    "a percentage and an amount": ({"amount": 5, "currency": "INR"}, {"terms.amount"}),
    "an amount that is a percentage": (
        {"kind": pb.CouponTerms.FIXED, "amount": 5, "currency": "INR"},
        {"terms.percentage"},
    ),
    "nothing, in no currency": ({"kind": pb.CouponTerms.FIXED, "percentage": 0}, {"terms.amount"}),
    "an amount that has a maximum": (
        {"kind": pb.CouponTerms.FIXED, "percentage": 0, "amount": 5, "currency": "INR", "maximum_discount": 3},
        {"terms.maximumDiscount"},
    ),
    "a minimum in no currency": ({"minimum_amount": 5}, {"terms.currency"}),
    "a maximum in no currency": ({"maximum_discount": 5}, {"terms.currency"}),
    "an end before its beginning": ({"valid_from": in_(60), "valid_until": in_(60)}, {"terms.validUntil"}),
    "a show in two spellings": (
        {"show_ids": ["0198c2a0-0000-7000-8000-00000000000a", "0198C2A0-0000-7000-8000-00000000000A"]},
        {"terms.showIds"},
    ),
}


async def test_terms_that_do_not_fit_together_are_refused_by_field(house: House) -> None:
    with all_cases() as case:
        for name, (changes, fields) in WRONG.items():
            with case(name), pytest.raises(grpc.aio.AioRpcError) as error:
                await make(house, **changes)
            with case(name):
                details = dict(error.value.trailing_metadata() or ())[DETAILS]
                status = status_pb2.Status.FromString(details)  # type: ignore[arg-type]
                bad = error_details_pb2.BadRequest()
                assert any(detail.Unpack(bad) for detail in status.details)
                assert {violation.field for violation in bad.field_violations} == fields
    assert await house.db.fetch("SELECT FROM coupons") == []


# --- Whose they are


async def test_an_organizer_sees_and_changes_their_own_coupons_and_an_admin_all(house: House) -> None:
    with calling(house, CAT, "USER", "ORGANIZER"):
        one = await make(house, "cats")
        assert one.organizer_id == str(CAT)
    with calling(house, DAN, "USER", "ORGANIZER"):
        other = await make(house, "dans")
        listed = await house.coupons.ListCoupons(pb.ListCouponsRequest())
        assert [coupon.id for coupon in listed.coupons] == [other.id]
        for call in (
            house.coupons.GetCoupon(pb.GetCouponRequest(coupon_id=one.id)),
            house.coupons.UpdateCoupon(pb.UpdateCouponRequest(coupon_id=one.id, terms=terms())),
            house.coupons.DeactivateCoupon(pb.DeactivateCouponRequest(coupon_id=one.id)),
        ):
            assert (await refused(call)).reason == "COUPON_NOT_FOUND"
    with calling(house, ANN, "USER", "ADMIN"):
        first = await house.coupons.ListCoupons(pb.ListCouponsRequest(page_size=1))
        rest = await house.coupons.ListCoupons(pb.ListCouponsRequest(page_size=1, page_token=first.next_page_token))
        assert [coupon.id for coupon in (*first.coupons, *rest.coupons)] == [other.id, one.id]
        assert (await house.coupons.GetCoupon(pb.GetCouponRequest(coupon_id=one.id))) == one


async def test_a_key_is_its_organizers(house: House) -> None:
    with calling(house, CAT, "USER", "ORGANIZER"):
        one = await make(house, "cats", key="k1")
    with calling(house, DAN, "USER", "ORGANIZER"):
        assert (await make(house, "dans", key="k1")).id != one.id


async def test_other_terms_replace_all_of_them_and_may_come_twice(house: House) -> None:
    made = await make(house, max_uses=5)
    other = terms(percentage=30)
    for _ in range(2):
        changed = await house.coupons.UpdateCoupon(pb.UpdateCouponRequest(coupon_id=made.id, terms=other))
        assert (changed.terms, changed.code, changed.created_at) == (other, made.code, made.created_at)
    assert (await ask(house, "monsoon")).terms == other


async def test_a_coupon_that_has_ended_stays_so(house: House) -> None:
    made = await make(house)
    end = pb.DeactivateCouponRequest(coupon_id=made.id)
    ended = await house.coupons.DeactivateCoupon(end)
    assert ended.HasField("deactivated_at")
    await move_clock(house.db, "1 day")
    assert await house.coupons.DeactivateCoupon(end) == ended, "what has ended has ended"
    again = await house.coupons.UpdateCoupon(pb.UpdateCouponRequest(coupon_id=made.id, terms=terms()))
    assert again.deactivated_at == ended.deactivated_at
    assert await why_not(house, "monsoon") == "NOT_VALID"


# --- Asked about


async def test_a_good_code_tells_what_it_gives_and_not_how_often_or_where_it_may_be_used(house: House) -> None:
    await make(house, max_uses=5, max_uses_per_user=1, show_ids=[house.show_id])
    answer = await ask(house, "MONsoon")
    assert (answer.valid, answer.terms) == (True, terms())


async def bad_codes(house: House) -> dict[str, str]:
    """Make coupons that cannot be used; return their codes, with the reasons."""
    await make(house, "early", valid_from=in_(3600))
    await make(house, "late", valid_until=in_(-1))
    await make(house, "elsewhere", show_ids=[str(uuid4())])
    ended = await make(house, "ended")
    await house.coupons.DeactivateCoupon(pb.DeactivateCouponRequest(coupon_id=ended.id))
    return {
        "early": "NOT_YET",
        "late": "EXPIRED",
        "elsewhere": "OTHER_SHOW",
        "ended": "DEACTIVATED",
        "nobodys": "UNKNOWN",
    }


async def test_a_customer_gets_one_answer_whatever_is_wrong_with_a_code(house: House) -> None:
    codes = await bad_codes(house)
    with calling(house, ANN, "USER"):
        answers = {(await ask(house, code)).SerializeToString() for code in codes}
    assert answers == {pb.ValidateCouponResponse(why_not=pb.ValidateCouponResponse.NOT_VALID).SerializeToString()}


async def test_an_organizer_is_told_why_not_of_their_own_coupons_and_an_admin_of_all(house: House) -> None:
    with calling(house, CAT, "USER", "ORGANIZER"):
        codes = await bad_codes(house)
        own = {code: await why_not(house, code, CAT) for code in codes}
    assert own == codes | {"nobodys": "NOT_VALID"}
    with calling(house, DAN, "USER", "ORGANIZER"):
        assert {await why_not(house, code, DAN) for code in codes} == {"NOT_VALID"}
    with calling(house, BOB, "USER", "ADMIN"):
        assert {code: await why_not(house, code, BOB) for code in codes} == codes


async def test_a_coupon_begins_and_ends_on_the_instant(house: House) -> None:
    await make(house, valid_from=in_(3600), valid_until=in_(7200))
    for clock, said in (("59 minutes", "NOT_VALID"), ("61 minutes", ""), ("121 minutes", "NOT_VALID")):
        await move_clock(house.db, clock)
        assert (await why_not(house, "monsoon")).removeprefix("WHY_NOT_UNSPECIFIED") == said, clock


async def test_the_twenty_first_wrong_code_within_an_hour_is_not_looked_at(house: House) -> None:
    await make(house, "rain")
    answers = await asyncio.gather(*(ask(house, f"wrong-{n}") for n in range(40)), return_exceptions=True)
    assert sum(isinstance(answer, pb.ValidateCouponResponse) for answer in answers) == 20
    for code in ("rain", "wrong"):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await ask(house, code)
        assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        details = dict(error.value.trailing_metadata() or ())[DETAILS]
        status = status_pb2.Status.FromString(details)  # type: ignore[arg-type]
        retry = error_details_pb2.RetryInfo()
        assert any(detail.Unpack(retry) for detail in status.details)
        assert 3_500 < retry.retry_delay.ToTimedelta().total_seconds() <= 3_600
    assert (await ask(house, "rain", BOB)).valid, "nobody pays for another's tries"
    await move_clock(house.db, "60 minutes")
    assert (await ask(house, "rain")).valid
    assert await why_not(house, "wrong") == "NOT_VALID"


async def test_good_codes_do_not_count_as_tries(house: House) -> None:
    await make(house, "rain")
    for _ in range(30):
        assert (await ask(house, "rain")).valid


async def test_tries_are_forgotten_when_they_count_no_more(house: House) -> None:
    await ask(house, "wrong")
    assert await forget_tries(house.db) == 0
    await move_clock(house.db, "61 minutes")
    await ask(house, "wrong", BOB)
    assert (await forget_tries(house.db), await forget_tries(house.db)) == (1, 0)
    assert len(await house.db.fetch("SELECT FROM coupon_tries")) == 1


async def test_a_show_that_there_is_not_is_not_found(house: House) -> None:
    assert (await refused(ask(house, "rain", show=str(uuid4())))).reason == "SHOW_NOT_FOUND"
    assert caller.get() is None
