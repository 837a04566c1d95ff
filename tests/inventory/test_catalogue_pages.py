"""Page tokens: what they open, and that nothing else than a refusal comes of the others."""

import base64
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import InvalidField
from services.chassis.wire.pages import BY_ID, BY_POSITION, BY_TIME_AND_ID, MAX_ANSWER_BYTES, Order, PageRequest

KEYS = st.tuples(st.datetimes(timezones=st.just(UTC)), st.uuids())
TOKENS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_=-", max_size=200)


def token_of(request: Message, key: UUID) -> str:
    page = PageRequest(request, BY_ID)
    rows, token = page.render([key] * page.limit, lambda row: row, event)
    assert len(rows) == page.size
    return token


def event(row: object) -> pb.Event:
    return pb.Event(title=str(row))


def refused(request: Message, order: Order[object]) -> bool:
    with pytest.raises(InvalidField) as refusal:
        PageRequest(request, order)
    return [field for field, _ in refusal.value.violations] == ["pageToken"]


def test_a_page_has_20_rows_where_the_request_does_not_say() -> None:
    assert PageRequest(pb.ListMoviesRequest(), BY_ID).size == 20
    assert PageRequest(pb.ListMoviesRequest(page_size=7), BY_ID).size == 7


def test_the_last_page_has_no_token() -> None:
    page = PageRequest(pb.ListMoviesRequest(page_size=3), BY_ID)
    assert page.render([1, 2, 3], lambda row: uuid4(), event) == ([event(1), event(2), event(3)], "")
    assert page.render([], lambda row: uuid4(), event) == ([], "")


def test_a_page_ends_before_it_is_more_than_a_client_reads() -> None:
    def large(row: int) -> pb.Event:
        return pb.Event(title=str(row), description="x" * 1_500_000)

    rows, asked, seen = list(range(7)), pb.ListEventsRequest(page_size=5), []
    for _ in rows:
        page = PageRequest(asked, BY_POSITION)
        behind = [row for row in rows if page.after is None or row > page.after][: page.limit]
        events, token = page.render(behind, lambda row: row, large)
        assert pb.ListEventsResponse(events=events, next_page_token=token).ByteSize() <= MAX_ANSWER_BYTES
        seen += [int(each.title) for each in events]
        if not token:
            break
        asked.page_token = token
    assert seen == rows
    # One by itself is given whatever it takes: the next page would begin with it too.
    events, token = PageRequest(pb.ListEventsRequest(), BY_POSITION).render(
        [1, 2], lambda row: row, lambda row: pb.Event(description="x" * 5_000_000)
    )
    assert len(events) == 1 and token


def test_a_token_opens_the_page_behind_the_last_row_whatever_the_size_of_the_next() -> None:
    key = uuid4()
    token = token_of(pb.ListEventsRequest(category="MOVIE", page_size=3), key)
    assert PageRequest(pb.ListEventsRequest(category="MOVIE", page_size=50, page_token=token), BY_ID).after == key


def test_a_token_does_not_open_another_list() -> None:
    token = token_of(pb.ListEventsRequest(category="MOVIE"), uuid4())
    assert refused(pb.ListEventsRequest(category="CONCERT", page_token=token), BY_ID)
    assert refused(pb.ListEventsRequest(page_token=token), BY_ID)
    assert refused(pb.ListMoviesRequest(page_token=token), BY_ID)


@given(KEYS)
def test_a_token_keeps_time_to_the_microsecond_and_fits_the_contract(key: tuple[datetime, UUID]) -> None:
    _, token = PageRequest(pb.ListShowsRequest(page_size=1), BY_TIME_AND_ID).render([key, key], lambda row: row, event)
    assert len(token) <= 200
    assert PageRequest(pb.ListShowsRequest(page_token=token), BY_TIME_AND_ID).after == key


@given(TOKENS.filter(bool))
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(pb.ListMoviesRequest(page_token=token), BY_ID)
    assert refused(pb.ListShowsRequest(page_token=token), BY_TIME_AND_ID)


@given(st.binary(max_size=40))
def test_made_up_content_behind_a_right_fingerprint_is_a_key_or_refused(made: bytes) -> None:
    real = token_of(pb.ListShowsRequest(), uuid4())
    token = base64.urlsafe_b64encode(base64.urlsafe_b64decode(real + "=" * (-len(real) % 4))[:8] + made)
    try:
        after = PageRequest(pb.ListShowsRequest(page_token=token.rstrip(b"=").decode()), BY_TIME_AND_ID).after
    except InvalidField:
        return
    assert after is not None
    assert 1 <= after[0].year <= 9999


@pytest.mark.parametrize("microseconds", [2**63 - 1, -(2**63), 253_402_300_800_000_000])
def test_a_token_with_a_time_that_no_calendar_has_is_refused(microseconds: int) -> None:
    real = token_of(pb.ListShowsRequest(), uuid4())
    fingerprint = base64.urlsafe_b64decode(real + "=" * (-len(real) % 4))[:8]
    content = fingerprint + microseconds.to_bytes(8, signed=True) + uuid4().bytes
    token = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    assert refused(pb.ListShowsRequest(page_token=token), BY_TIME_AND_ID)
