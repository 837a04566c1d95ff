"""Webhooks: messages without gaps, to endpoints that said yes, in order, one at a time, and none lost."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest
from boxoffice.notifications.v1 import webhooks_pb2 as pb

from services.notifications.webhooks import operation
from tests.databases import move_clock
from tests.identity.house import refused
from tests.notifications.receivers import ALL, Hooks, receiver
from tests.notifications.topics import BookingEvent, ShowEvent
from tests.patience import eventually

CONFIRMED = pb.WebhookMessage.BOOKING_CONFIRMED
MANAGER = uuid4()
_Named = pb.GetWebhookEndpointRequest


async def test_an_organization_is_told_of_its_own_alone_by_numbers_without_gaps(hooks: Hooks) -> None:
    other = uuid4()
    await hooks.tell(BookingEvent.CREATED, 9)
    await hooks.tell(BookingEvent.REFUNDED, 2, organization=other, refund_amount=59_000)
    await hooks.tell_of_show(ShowEvent.CANCELLED)
    hooks.bookings.append(BookingEvent(position=len(hooks.bookings) + 1, kind=BookingEvent.CONFIRMED))
    await hooks.read()
    first, second = await hooks.messages(page_size=6), await hooks.messages(page_size=6, after=6)
    found = [*first.messages, *second.messages]
    assert [message.number for message in found] == list(range(1, 11))
    assert first.last == second.last == 10
    assert {pb.WebhookMessage.Type.Name(message.type) for message in found} == {"BOOKING_CREATED", "SHOW_CANCELLED"}
    theirs = await hooks.messages(other)
    assert [message.number for message in theirs.messages] == [1, 2]
    content = json.loads(theirs.messages[0].content)
    told = hooks.bookings[9]
    assert content["type"] == "booking.refunded" and content["number"] == 1
    assert content["data"] == {
        "bookingId": told.booking_id,
        "version": 4,
        "showId": told.show_id,
        "seatCount": 2,
        "currency": "INR",
        "finalAmount": 59_000,
        "refundAmount": 59_000,
    }
    assert told.user_id not in str([*found, *theirs.messages])
    assert not (await hooks.messages(uuid4())).messages
    async with refused("WEBHOOK_MESSAGES_NOT_THERE") as refusal:
        await hooks.messages(after=11)
    assert refusal.failure.metadata == {"last": "10"}


async def test_a_topic_that_is_read_again_tells_nobody_twice_and_nothing_that_is_forgotten(hooks: Hooks) -> None:
    for clock, kept in (("0 days", 6), ("29 days", 6), ("40 days", 0)):
        await hooks.db.execute("DELETE FROM topic_progress")
        await move_clock(hooks.db, clock)
        while await operation.forget(hooks.db):
            pass
        await (hooks.read() if hooks.bookings else hooks.tell(times=6))
        page = await hooks.messages()
        assert (len(page.messages), page.last) == (kept, 6)


async def test_messages_are_forgotten_from_the_first_on_and_whoever_needs_them_is_told(hooks: Hooks) -> None:
    await hooks.tell(times=5)
    await move_clock(hooks.db, "29 days")
    await hooks.tell(times=2)
    await move_clock(hooks.db, "31 days")
    while await operation.forget(hooks.db, limit=2):
        pass
    kept = await hooks.messages()
    assert [message.number for message in kept.messages] == [6, 7] and kept.last == 7
    async with refused("WEBHOOK_MESSAGES_FORGOTTEN") as refusal:
        await hooks.messages(after=4)
    assert refusal.failure.metadata == {"oldest": "6"}
    assert len((await hooks.messages(after=5)).messages) == 2


async def test_an_endpoint_has_no_message_before_it_has_answered_its_challenge(hooks: Hooks) -> None:
    async with receiver() as at:
        at.challenges.extend(["500", "204"])
        made = await hooks.endpoint(at.url)
        await hooks.tell(times=2)
        await hooks.send()
        await move_clock(hooks.db, "10 seconds")
        await hooks.send()
        assert not at.posted and await hooks.state(made) == "CHALLENGED"
        await hooks.rpc.EnableWebhookEndpoint(pb.EnableWebhookEndpointRequest(endpoint_id=made.endpoint.id))
        await hooks.send()
        assert await hooks.state(made) == "ENABLED"
        assert at.numbers == [1, 2]
        assert [each.is_signed_with(made.secret) for each in (*at.asked, *at.posted)] == [True] * 5
        assert await hooks.attempts(made) == [
            *((None, "REFUSED", 500), (None, "WRONG_ANSWER", 204), (None, "TAKEN", 200)),
            *((1, "TAKEN", 200), (2, "TAKEN", 200)),
        ]
        # What is posted is what the list has, under the same id.
        listed = [(message.id, message.content) for message in (await hooks.messages()).messages]
        assert [(each.id, each.body) for each in at.posted] == listed


async def test_what_is_not_taken_is_sent_again_later_with_the_same_id_and_those_after_it_wait(hooks: Hooks) -> None:
    async with receiver() as at:
        made = await hooks.enabled(at)
        at.answers.extend(["200", "500", "302 http://127.0.0.1:1/", "200"])
        await hooks.tell(times=4)
        await hooks.send()
        assert at.numbers == [1, 2]
        for pause in ("10 seconds", "1 minute"):
            await hooks.send()
            await move_clock(hooks.db, pause)
            await hooks.send()
        assert at.numbers == [1, 2, 2, 2, 3, 4] and at.most_at_once == 1
        assert len({each.id for each in at.posted if each.number == 2}) == 1
        assert (await hooks.attempts(made))[2:4] == [(2, "REFUSED", 500), (2, "REFUSED", 302)]
        assert not (await hooks.get(made)).HasField("failing_since")


async def test_after_three_days_an_endpoint_is_off_and_once_enabled_it_goes_on_where_it_was(hooks: Hooks) -> None:
    async with receiver() as at:
        made = await hooks.enabled(at)
        # Calls carry no tokens here, which say who makes an endpoint.
        await hooks.db.execute("UPDATE webhook_endpoints SET managed_by = %(id)s", {"id": MANAGER})
        at.answers.extend(["500"] * 100)
        await hooks.tell(times=3)
        for hours in range(0, 84, 6):
            await move_clock(hooks.db, f"{hours} hours")
            await hooks.send()
            assert await hooks.state(made) == ("OFF" if hours >= 72 else "ENABLED")
        told = await hooks.db.fetch("SELECT user_id, kind, endpoint_id::text FROM notices")
        assert [tuple(row) for row in told] == [(MANAGER, "WEBHOOK_OFF", made.endpoint.id)]
        failed = len(at.posted)
        assert set(at.numbers) == {1} and failed < 20
        at.answers.clear()
        await hooks.send()
        assert len(at.posted) == failed
        await hooks.rpc.EnableWebhookEndpoint(pb.EnableWebhookEndpointRequest(endpoint_id=made.endpoint.id))
        await hooks.send()
        assert at.numbers[failed:] == [1, 2, 3]
        again = pb.EnableWebhookEndpointRequest(endpoint_id=made.endpoint.id, after=1)
        await hooks.rpc.EnableWebhookEndpoint(again)
        await hooks.send()
        assert at.numbers[failed + 3 :] == [2, 3]
        async with refused("INVALID_FIELD"):
            await hooks.rpc.EnableWebhookEndpoint(
                pb.EnableWebhookEndpointRequest(endpoint_id=made.endpoint.id, after=4)
            )


async def test_an_endpoint_gets_the_kinds_that_it_chose_while_it_is_enabled(hooks: Hooks) -> None:
    async with receiver() as at:
        await hooks.tell()
        made = await hooks.enabled(at, [CONFIRMED, pb.WebhookMessage.SHOW_CANCELLED])
        await hooks.tell(BookingEvent.CREATED, 25)
        await hooks.tell()
        await hooks.tell_of_show(ShowEvent.CANCELLED)
        await hooks.send()
        assert at.numbers == [27, 28]
        await hooks.tell(BookingEvent.EXPIRED)
        await hooks.send()
        assert (await hooks.get(made)).sent_to == 29
        await hooks.rpc.DisableWebhookEndpoint(pb.DisableWebhookEndpointRequest(endpoint_id=made.endpoint.id))
        await hooks.tell()
        await hooks.send()
        assert at.numbers == [27, 28] and await hooks.state(made) == "DISABLED"


async def test_a_message_is_sent_once_more_as_somebody_asks_out_of_its_order(hooks: Hooks) -> None:
    async with receiver() as at:
        made = await hooks.enabled(at)
        await hooks.tell(times=2)
        await hooks.send()
        at.answers.extend(["500", "500", "200"])
        await hooks.tell()
        await hooks.send()
        again = pb.ResendWebhookMessageRequest(endpoint_id=made.endpoint.id, number=1)
        for _ in range(2):
            await hooks.rpc.ResendWebhookMessage(again)
        await hooks.send()
        # It is sent though the next one in order waits, once, and is not tried again.
        assert at.numbers == [1, 2, 3, 1] and at.posted[0].id == at.posted[3].id
        await move_clock(hooks.db, "10 seconds")
        await hooks.send()
        assert at.numbers == [1, 2, 3, 1, 3]
        for number, reason in ((9, "WEBHOOK_MESSAGE_NOT_FOUND"), (1, "WEBHOOK_ENDPOINT_DISABLED")):
            async with refused(reason):
                again.number = number
                if reason == "WEBHOOK_ENDPOINT_DISABLED":
                    id_ = made.endpoint.id
                    await hooks.rpc.DisableWebhookEndpoint(pb.DisableWebhookEndpointRequest(endpoint_id=id_))
                await hooks.rpc.ResendWebhookMessage(again)


async def test_what_is_to_be_sent_again_and_is_not_kept_any_more_is_dropped(hooks: Hooks) -> None:
    async with receiver() as at:
        made = await hooks.enabled(at)
        await hooks.tell()
        await hooks.send()
        await hooks.rpc.ResendWebhookMessage(pb.ResendWebhookMessageRequest(endpoint_id=made.endpoint.id, number=1))
        await move_clock(hooks.db, "31 days")
        while await operation.forget(hooks.db):
            pass
        await hooks.send()
        assert at.numbers == [1]
        assert not await hooks.db.fetch("SELECT FROM webhook_resends")


async def test_while_its_secret_rotates_messages_are_signed_with_both_and_no_database_shows_them(hooks: Hooks) -> None:
    async with receiver() as at:
        made = await hooks.enabled(at)
        rotated = await hooks.rpc.RotateWebhookSecret(pb.RotateWebhookSecretRequest(endpoint_id=made.endpoint.id))
        assert rotated.secret != made.secret and rotated.endpoint.HasField("rotating_until")
        await hooks.tell()
        await hooks.send()
        await move_clock(hooks.db, "25 hours")
        await hooks.tell()
        await hooks.send()
        secrets = (made.secret, rotated.secret)
        assert [[each.is_signed_with(secret) for secret in secrets] for each in at.posted] == [
            [True, True],
            [False, True],
        ]
        kept = str(await hooks.db.fetch("SELECT * FROM webhook_secrets"))
        assert not any(secret in kept or secret.removeprefix("whsec_") in kept for secret in secrets)
        for _ in range(5):
            await hooks.rpc.RotateWebhookSecret(pb.RotateWebhookSecretRequest(endpoint_id=made.endpoint.id))
        await operation.forget(hooks.db)
        [row] = await hooks.db.fetch("SELECT count(*) AS secrets FROM webhook_secrets")
        assert row.secrets == 3


async def test_another_url_has_to_answer_a_challenge_anew(hooks: Hooks) -> None:
    async with receiver() as at, receiver() as other:
        made = await hooks.enabled(at)
        other.challenges.append("404")
        change = pb.UpdateWebhookEndpointRequest(endpoint_id=made.endpoint.id, url=other.url, types=ALL)
        assert (await hooks.rpc.UpdateWebhookEndpoint(change)).state == pb.WebhookEndpoint.CHALLENGED
        await hooks.tell()
        await hooks.send()
        assert not other.posted and len(other.asked) == 1
        await move_clock(hooks.db, "10 seconds")
        await hooks.send()
        assert other.numbers == [1] and not at.posted


async def test_an_organization_has_ten_endpoints_each_of_another_url(hooks: Hooks) -> None:
    async def make(number: int) -> str:
        try:
            await hooks.endpoint(f"https://hooks{number % 12}.example.com/")
        except Exception as error:
            return str(error)
        return "made"

    answers = await asyncio.gather(*map(make, range(24)))
    assert answers.count("made") == 10
    listed = await hooks.rpc.ListWebhookEndpoints(
        pb.ListWebhookEndpointsRequest(organization_id=str(hooks.organization))
    )
    assert len(listed.endpoints) == len({each.url for each in listed.endpoints}) == 10
    one, two = listed.endpoints[:2]
    async with refused("WEBHOOK_ENDPOINT_EXISTS") as refusal:
        await hooks.rpc.UpdateWebhookEndpoint(
            pb.UpdateWebhookEndpointRequest(endpoint_id=one.id, url=two.url, types=[CONFIRMED])
        )
    assert refusal.failure.metadata == {"endpoint_id": two.id}
    await hooks.rpc.DeleteWebhookEndpoint(pb.DeleteWebhookEndpointRequest(endpoint_id=one.id))
    async with refused("WEBHOOK_ENDPOINT_NOT_FOUND"):
        await hooks.rpc.GetWebhookEndpoint(_Named(endpoint_id=one.id))
    assert not await hooks.db.fetch("SELECT FROM webhook_secrets WHERE endpoint_id = %(id)s", {"id": UUID(one.id)})


@pytest.mark.parametrize("url", ["https://user@example.com/", "ftp://example.com/", "https://example.com/#a"])
async def test_a_url_that_is_none_for_messages_is_refused_by_its_field(hooks: Hooks, url: str) -> None:
    async with refused("INVALID_FIELD"):
        await hooks.endpoint(url)


async def test_endpoints_that_are_slow_or_send_without_end_are_bounded_and_hold_up_no_other(hooks: Hooks) -> None:
    async with receiver() as slow, receiver() as flood, receiver() as good:
        for at in (slow, flood, good):
            await hooks.enabled(at)
        slow.answers.append("hang")
        flood.answers.append("flood")
        await hooks.tell(times=30)
        sending = asyncio.create_task(hooks.sender.run())
        try:
            await eventually(slow.held.is_set)
            await eventually(lambda: good.numbers == list(range(1, 31)))
            await eventually(lambda: flood.numbers == list(range(1, 31)))
            assert slow.numbers == [1] and slow.most_at_once == 1
            assert flood.flooded < 1024 * 1024
        finally:
            slow.release.set()
            sending.cancel()
            await asyncio.wait([sending])


async def test_two_senders_share_endpoints_and_each_gets_all_in_order_once(hooks: Hooks) -> None:
    async with receiver() as one, receiver() as two:
        for at in (one, two):
            await hooks.enabled(at)
        await hooks.tell(times=50)
        senders = [hooks.sender, hooks.another_sender()]

        def are_done() -> bool:
            return one.numbers == two.numbers == list(range(1, 51))

        while not are_done():
            await asyncio.gather(*(sender.send_once() for sender in senders))
        assert one.most_at_once == two.most_at_once == 1


async def test_a_sender_that_was_too_slow_notes_nothing(hooks: Hooks) -> None:
    async with receiver() as at:
        made = await hooks.enabled(at)
        at.answers.append("hang")
        await hooks.tell()
        late = asyncio.create_task(hooks.sender.send_once())
        await eventually(at.held.is_set)
        await move_clock(hooks.db, "2 minutes")
        assert await hooks.another_sender().send_once() == 1
        at.release.set()
        await late
        assert at.numbers == [1, 1] and at.posted[0].id == at.posted[1].id
        assert (await hooks.attempts(made))[1:] == [(1, "TAKEN", 200)]
        assert not (await hooks.get(made)).HasField("failing_since")
