"""The bank's rules, without anything around them."""

from datetime import UTC, datetime, timedelta

import pytest

from services.bank.domain.scenarios import DECLINE, MIXES, SCENARIOS, SUCCEED, draw
from services.bank.domain.sessions import Session, SessionStatus
from services.bank.errors import RefundExceedsCapture, SessionNotCaptured
from services.bank.webhooks.deliveries import delay_seconds
from services.chassis.ids import new_id

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def session(
    status: SessionStatus = SessionStatus.OPEN, *, refunded: int = 0, until: datetime = NOW + SECOND
) -> Session:
    return Session("sess_1", new_id(), 1000, "INR", "", [], status, refunded, until)


@pytest.mark.parametrize(
    "end", [SessionStatus.CAPTURED, SessionStatus.DECLINED, SessionStatus.CLOSED, SessionStatus.EXPIRED]
)
def test_an_open_session_comes_to_the_end_that_is_wanted(end: SessionStatus):
    assert session().ended(end, NOW).status == end


@pytest.mark.parametrize("end", [SessionStatus.CAPTURED, SessionStatus.DECLINED, SessionStatus.CLOSED])
def test_a_session_whose_time_is_up_expires_whatever_is_wanted(end: SessionStatus):
    assert session(until=NOW).ended(end, NOW).status == SessionStatus.EXPIRED


@pytest.mark.parametrize("is_", [status for status in SessionStatus if status != SessionStatus.OPEN])
@pytest.mark.parametrize("wanted", [status for status in SessionStatus if status != SessionStatus.OPEN])
def test_a_session_that_has_ended_stays_as_it_is(is_: SessionStatus, wanted: SessionStatus):
    assert session(is_, until=NOW - SECOND).ended(wanted, NOW).status == is_


def test_refunds_add_up_to_the_capture_and_no_further():
    some = session(SessionStatus.CAPTURED).refunded(600)
    assert some.refunded(400).refunded_amount == 1000
    with pytest.raises(RefundExceedsCapture):
        some.refunded(401)


@pytest.mark.parametrize("status", [status for status in SessionStatus if status != SessionStatus.CAPTURED])
def test_nothing_is_given_back_where_nothing_was_taken(status: SessionStatus):
    with pytest.raises(SessionNotCaptured):
        session(status).refunded(1)


def test_the_draw_pays_nine_of_ten_and_the_same_session_always_alike():
    ids = [f"sess_{n}" for n in range(2000)]
    drawn = [draw("plain", "seed", id_) for id_ in ids]
    assert drawn == [draw("plain", "seed", id_) for id_ in ids]
    assert drawn != [draw("plain", "another", id_) for id_ in ids]
    assert 0.88 < drawn.count(SUCCEED) / len(ids) < 0.92
    assert set(drawn) == {SUCCEED, DECLINE}


@pytest.mark.parametrize("mix", MIXES)
def test_a_mix_gives_each_of_its_methods_its_share(mix: str):
    ids = [f"sess_{n}" for n in range(4000)]
    drawn = [draw(mix, "seed", id_) for id_ in ids]
    assert sum(share for share, _ in MIXES[mix]) == pytest.approx(1)
    for share, method in MIXES[mix]:
        assert method in SCENARIOS
        assert drawn.count(method) / len(ids) == pytest.approx(share, abs=0.02)
        assert method in drawn


def test_retries_are_quick_at_first_and_never_more_than_a_minute_apart():
    assert [delay_seconds(n) for n in range(1, 6)] == [0.2, 0.5, 1, 2, 4]
    assert delay_seconds(100_000) == 60
