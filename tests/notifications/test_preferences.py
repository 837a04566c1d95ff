"""Preferences: the language of mails, and reminders that are given up, by a click in the mail program too."""

from __future__ import annotations

import base64
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.notifications.v1 import preferences_pb2 as pb
from google.api.httpbody_pb2 import HttpBody

from services.notifications.preferences.domain import Links, language_of
from tests.identity.house import refused
from tests.notifications.house import House
from tests.notifications.test_reminder_mails import REMIND
from tests.notifications.topics import LINKS, T0, Topics

FORM = HttpBody(content_type="application/x-www-form-urlencoded", data=b"List-Unsubscribe=One-Click")
SOON = T0.replace(year=T0.year + 1)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        *[("", None), ("hi", "hi"), ("hi-IN,en;q=0.9", "hi"), ("en;q=0.5, HI;q=0.8", "hi"), ("ta, en-GB;q=0.3", "en")],
        *[
            ("hi;q=0, en;q=0.1", "en"),
            ("en;q=x", None),
            ("fr", None),
            ("*", None),
            (";,;q=,en", "en"),
            ("hi;q=9,en", "hi"),
        ],
        ("en;q=\u0661", None),
    ],
)
def test_the_language_is_the_first_of_those_accepted_that_there_are_mails_in(
    accepted: str, language: str | None
) -> None:
    assert language_of(accepted) == language


def test_only_a_token_that_was_signed_with_the_secret_names_a_user() -> None:
    user_id = uuid4()
    token = LINKS.token(user_id)
    assert len(token) == 44 and LINKS.user_of(token) == user_id
    read = base64.urlsafe_b64decode(token)
    for place in range(len(read)):
        changed = read[:place] + bytes([read[place] ^ 1]) + read[place + 1 :]
        assert LINKS.user_of(base64.urlsafe_b64encode(changed).decode()) is None
    assert Links(b"another secret").user_of(token) is None


async def chosen(topics: Topics, user_id: UUID) -> tuple[str, bool]:
    found = await topics.preferences.GetPreferences(pb.GetPreferencesRequest(user_id=str(user_id)))
    return found.language, found.reminders


async def test_what_a_user_chooses_stays_and_is_theirs_alone(topics: Topics) -> None:
    user_id, stranger = uuid4(), uuid4()
    assert await chosen(topics, user_id) == ("en", True)
    put = topics.preferences.SetPreferences
    await put(pb.SetPreferencesRequest(user_id=str(user_id), language="hi", reminders=True))
    assert await chosen(topics, user_id) == ("hi", True)
    await put(pb.SetPreferencesRequest(user_id=str(user_id)), metadata=[("accept-language", "hi-IN, en;q=0.8")])
    assert await chosen(topics, user_id) == ("hi", False)
    await put(pb.SetPreferencesRequest(user_id=str(user_id), reminders=True))
    assert await chosen(topics, user_id) == ("en", True)
    assert await chosen(topics, stranger) == ("en", True)


async def test_a_link_is_a_page_with_a_button_and_only_the_post_gives_reminders_up(topics: Topics) -> None:
    user_id = uuid4()
    put = topics.preferences.SetPreferences
    await put(pb.SetPreferencesRequest(user_id=str(user_id), language="hi", reminders=True))
    token = LINKS.token(user_id)
    call = topics.preferences.GetUnsubscribePage(pb.GetUnsubscribePageRequest(token=token))
    page = (await call).data.decode()
    headers = dict(await call.initial_metadata())
    assert '<form method="post">' in page and "<button>" in page and "<script" not in page and 'lang="hi"' in page
    assert "form-action 'self'" in str(headers["content-security-policy"]) and headers["cache-control"] == "no-store"
    assert await chosen(topics, user_id) == ("hi", True)
    for _ in range(2):
        done = await topics.preferences.Unsubscribe(pb.UnsubscribeRequest(token=token, file=FORM))
        assert "<form" not in done.data.decode()
        assert await chosen(topics, user_id) == ("hi", False)
    for rpc, request in (
        (topics.preferences.GetUnsubscribePage, pb.GetUnsubscribePageRequest(token="A" * 44)),
        (topics.preferences.Unsubscribe, pb.UnsubscribeRequest(token="A" * 44, file=FORM)),
    ):
        async with refused("LINK_NOT_FOUND", "NOT_FOUND"):
            await rpc(request)
    for wrong in ("", "A" * 43, "A" * 45, "A" * 43 + "="):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await topics.preferences.Unsubscribe(pb.UnsubscribeRequest(token=wrong, file=FORM))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_reminder_has_the_headers_of_one_click_and_no_other_mail_has_and_who_clicks_gets_no_more(
    house: House,
) -> None:
    [user_id] = await house.confirmed()
    await house.send()
    house.peers.starts_at = SOON
    await house.topics.db.execute(REMIND, {"starts_at": SOON})
    await house.send()
    confirmation, reminder = house.server.mails
    link = f"https://tickets.example/api/v1/unsubscribe/{LINKS.token(user_id)}"
    assert reminder["List-Unsubscribe"] == f"<{link}>" and confirmation["List-Unsubscribe"] is None
    assert reminder["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in house.server.got[-1]
    text = reminder.get_body(("plain",))
    assert text is not None and link in text.get_content()
    await house.topics.preferences.Unsubscribe(pb.UnsubscribeRequest(token=LINKS.token(user_id), file=FORM))
    await house.topics.db.execute("UPDATE mails SET number = 9 WHERE kind = 'REMINDER'")
    await house.topics.db.execute(
        "INSERT INTO mails (id, user_id, kind, booking_id, show_id, number, starts_at, happened_at)"
        " SELECT gen_random_uuid(), user_id, kind, booking_id, show_id, 10, starts_at, happened_at FROM mails"
    )
    await house.send()
    assert sorted(await house.states()) == ["SENT", "SENT", "SENT", "SKIPPED NOT_WANTED"]


async def test_mails_are_in_the_language_of_each_user(house: House) -> None:
    users = await house.confirmed(2)
    put = house.topics.preferences.SetPreferences
    await put(pb.SetPreferencesRequest(user_id=str(users[1]), language="hi"))
    await house.send()
    assert {mail["Content-Language"]: mail["To"].split("@")[0][-1] for mail in house.server.mails} == {
        "en": "0",
        "hi": "1",
    }
