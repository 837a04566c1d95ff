"""Codes of tickets: what they say, who has signed them, and that readers read what is drawn."""

from __future__ import annotations

import base64
import json
import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.booking.v1 import tickets_pb2 as pb
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from services.booking.errors import CodeNotValid
from services.booking.tickets import codes, qr, renewal
from services.booking.tickets.codes import Code
from services.booking.tickets.keyring import TicketKeys
from services.booking.tickets.keys import TicketKey, vault_of
from services.booking.tickets.renewal import AFTER_START, LEAD
from services.chassis.errors import Failure, Unauthenticated
from services.chassis.store.database import Database
from services.chassis.wire.identity import AccessTokens
from tests.booking.drawn_codes import DRAWN, MANY, VAULT, a_key, some_codes
from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.readers import read_by_opencv, read_by_zxing
from tests.booking.test_tickets import refund, tickets
from tests.databases import move_clock
from tests.identity.forge import right

LIFE = timedelta(days=90)


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0")],
)
def test_codes_are_written_as_the_standard_has_it(content: bytes, text: str) -> None:
    assert (codes.encode(content), codes.decode(text)) == (text, content)


def test_whatever_is_written_is_read_and_anything_else_is_no_code() -> None:
    drawn = random.Random(2)
    for length in range(90):
        content = drawn.randbytes(length)
        assert codes.decode(codes.encode(content)) == content
    key = a_key()
    code = Code(3, 2, uuid4())
    text = key.code(code.revision, code.ticket_id)
    assert len(text) == codes.LENGTH and codes.parse(text)[0] == code
    assert key.code(code.revision, code.ticket_id) == text, "the same each time"
    for wrong in ("", "A", text + "0", text[:-3], text.lower(), text[:-1] + "€", ":::" + text[3:], text * 9):
        with pytest.raises(ValueError, match=r"it is|a letter|letters|a code"):
            codes.parse(wrong)


def test_a_code_that_begins_with_a_blank_is_read_without_it() -> None:
    blank = next(text for text in some_codes(2000) if text.startswith(" "))
    assert codes.parse(blank.lstrip()) == codes.parse(blank)


def test_no_byte_of_a_code_can_be_another() -> None:
    key = a_key()
    text = key.code(1, uuid4())
    content = codes.decode(text)
    assert key.has_signed(*codes.parse(text))
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        assert not key.has_signed(*codes.parse(codes.encode(bytes(changed)))), place


def test_a_symbol_is_of_version_5_and_what_is_drawn_is_read_to_the_letter() -> None:
    for text in some_codes(DRAWN):
        drawn = qr.symbol(text)
        assert (drawn.designator, drawn.mode) == ("5-M", "alphanumeric")
        assert read_by_zxing(drawn) == [text]
        if MANY:
            assert read_by_opencv(drawn) == [text]


def test_a_drawing_has_its_words_and_a_picture_is_one() -> None:
    [text] = some_codes(3)[2:]
    drawing = qr.svg(text, "23456789AB Stalls <A> & 'B'").decode()
    assert "<title>23456789AB Stalls &lt;A&gt; &amp; 'B'</title>" in drawing and "<script" not in drawing
    assert qr.png(text).startswith(b"\x89PNG")


async def code(house: House, ticket: pb.Ticket, user: UUID | None = ANN) -> pb.TicketCode:
    request = pb.GetTicketCodeRequest(ticket_id=ticket.id, user_id=str(user or ""))
    answer: pb.TicketCode = await house.tickets.GetTicketCode(request)
    return answer


async def keys_of(db: Database) -> TicketKeys:
    """Return the keys as another replica knows them that starts now."""
    keys = TicketKeys(db, VAULT)
    await keys.start(LIFE)
    return keys


@pytest.fixture
async def ticket_keys(house: House) -> TicketKeys:
    return await keys_of(house.db)


@pytest.fixture
async def booking(house: House, ticket_keys: TicketKeys) -> booking_pb2.Booking:
    return await house.confirmed(ANN, 0, 1)


async def test_a_ticket_has_a_code_for_its_holder_until_it_is_revoked(
    house: House, ticket_keys: TicketKeys, booking: booking_pb2.Booking
) -> None:
    first, second = await tickets(house, booking)
    found = await code(house, first)
    said = await ticket_keys.verified(found.code)
    assert (said.ticket_id, said.revision) == (UUID(first.id), 1)
    assert (found.ticket_id, found.words) == (first.id, f"{booking.booking_number} Stalls A1")
    assert (await code(house, second)).code != found.code == (await code(house, first, None)).code
    assert (await refused(code(house, first, BOB))).reason == "TICKET_NOT_FOUND"
    assert (await refused(code(house, pb.Ticket(id=str(uuid4()))))).reason == "TICKET_NOT_FOUND"
    await refund(house, booking, 0)
    assert (await refused(code(house, first))).reason == "TICKET_REVOKED"
    drawn = pb.RenderTicketCodeRequest(ticket_id=first.id, user_id=str(ANN))
    assert (await refused(house.tickets.RenderTicketCode(drawn))).reason == "TICKET_REVOKED"
    drawn.ticket_id = second.id
    assert (await house.tickets.RenderTicketCode(drawn)).content_type == "image/png"
    drawn.format = drawn.SVG
    drawing = await house.tickets.RenderTicketCode(drawn)
    assert drawing.content_type == "image/svg+xml" and f"{booking.booking_number} Stalls A2".encode() in drawing.data


async def test_neither_kind_of_key_passes_for_the_other(house: House, ticket_keys: TicketKeys, booking: Any) -> None:
    [first, _] = await tickets(house, booking)
    text = (await code(house, first)).code
    said, signature = codes.parse(text)
    [public] = json.loads(await ticket_keys.key_set())["keys"]
    assert (public["kty"], public["crv"], public["number"]) == ("OKP", "Ed25519", said.key_number)
    jwt.algorithms.OKPAlgorithm.from_jwk(public).verify(signature, said.signed)  # type: ignore[union-attr]

    # A code by a key as identity has, whose signatures are as long.
    identitys = ec.generate_private_key(ec.SECP256R1())
    r, s = decode_dss_signature(identitys.sign(said.signed, ec.ECDSA(hashes.SHA256())))
    with pytest.raises(CodeNotValid):
        await ticket_keys.verified(codes.write(said, r.to_bytes(32, "big") + s.to_bytes(32, "big")))

    # Access tokens by a ticket key, whatever they say of it, where the verifier knows the key by its id.
    [row] = await house.db.fetch("SELECT id, number, private_key FROM ticket_keys")
    key = TicketKey.open(VAULT, row.id, row.number, bytes(row.private_key))

    class OnlyTicketKeys:
        async def find(self, kid: str) -> jwt.PyJWK:
            return jwt.PyJWK(public, algorithm="EdDSA")

    verifier = AccessTokens(OnlyTicketKeys())
    for algorithm in ("EdDSA", "ES256"):
        header = {"typ": "at+jwt", "kid": row.id, "alg": algorithm}
        parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, right(str(ANN))))
        signed = b".".join(parts)
        mac = base64.urlsafe_b64encode(key.private.sign(signed)).rstrip(b"=")
        with pytest.raises(Unauthenticated):
            await verifier.verify((signed + b"." + mac).decode())
    # And what they have signed that is no code: the same content, without saying what it is and for whom.
    for context in (b"", codes.TYPE.encode(), f"{codes.TYPE}\0boxoffice\0".encode()):
        with pytest.raises(CodeNotValid):
            await ticket_keys.verified(codes.write(said, key.private.sign(context + said.content)))
    with pytest.raises(Unauthenticated):
        await verifier.verify(text)


async def test_a_new_key_signs_a_day_after_it_is_published_and_codes_stay_what_they_are(
    house: House, ticket_keys: TicketKeys, booking: Any
) -> None:
    [first, _] = await tickets(house, booking)
    before = (await code(house, first)).code
    assert await renewal.renew(house.db, VAULT, LIFE) == 0
    assert await renewal.rotate(house.db, VAULT)
    later = await keys_of(house.db)
    assert [key["number"] for key in json.loads(await later.key_set())["keys"]] == [0, 1]
    others = (await tickets(house, await house.confirmed(BOB, 2)))[0]
    assert codes.parse(await signed(later, house, others))[0].key_number == 0
    await move_clocks(house, "25 hours")
    after = (await tickets(house, await house.confirmed(BOB, 3)))[0]
    assert codes.parse(await signed(later, house, after))[0].key_number == 1
    assert await signed(later, house, first) == before
    for text in (before, await signed(later, house, after)):
        await later.verified(text)


async def signed(keys: TicketKeys, house: House, ticket: pb.Ticket) -> str:
    from services.booking.tickets.look import ticket_of

    return await keys.code(await ticket_of(house.db, UUID(ticket.id), None))


async def test_a_key_stays_until_the_last_show_is_over_that_it_has_signed_for(house: House, ticket_keys: Any) -> None:
    booking = await house.confirmed(ANN, 0)
    await renewal.rotate(house.db, VAULT)

    async def numbers() -> list[int]:
        await renewal.renew(house.db, VAULT, LIFE)
        return [row.number for row in await house.db.fetch("SELECT number FROM ticket_keys ORDER BY number")]

    assert await numbers() == [0, 1], "it signs still"
    await move_clock(house.db, f"{(LEAD + timedelta(hours=1)).total_seconds()} seconds")
    assert await numbers() == [0, 1], "the show is to come"
    await move_clock(house.db, f"{(AFTER_START + timedelta(days=2)).total_seconds()} seconds")
    assert await numbers() == [0, 1], "it may not be over"
    await move_clock(house.db, f"{(AFTER_START + timedelta(days=3, hours=1)).total_seconds()} seconds")
    assert await numbers() == [1]
    assert await tickets(house, booking)


async def test_a_key_whose_tickets_are_all_given_back_is_of_no_use(house: House, ticket_keys: Any) -> None:
    await refund(house, await house.confirmed(ANN, 0))
    await renewal.rotate(house.db, VAULT)
    await move_clock(house.db, "25 hours")
    assert await renewal.renew(house.db, VAULT, LIFE) == 1
    assert [row.number for row in await house.db.fetch("SELECT number FROM ticket_keys")] == [1]


async def test_replicas_make_one_key_and_no_more_than_there_are_numbers(house: House) -> None:
    import asyncio

    await asyncio.gather(*(renewal.renew(house.db, VAULT, LIFE) for _ in range(4)))
    assert len(await house.db.fetch("SELECT FROM ticket_keys")) == 1
    while await renewal.rotate(house.db, VAULT):
        pass
    rows = await house.db.fetch("SELECT number FROM ticket_keys ORDER BY number")
    assert [row.number for row in rows] == list(range(codes.NUMBERS))
    assert await renewal.renew(house.db, VAULT, timedelta(0)) == 0


async def test_keys_that_are_replaced_are_worth_nothing_at_once(
    house: House, ticket_keys: TicketKeys, booking: Any
) -> None:
    [first, _] = await tickets(house, booking)
    before = (await code(house, first)).code
    await renewal.revoke(house.db, VAULT)
    after = await keys_of(house.db)
    with pytest.raises(CodeNotValid):
        await after.verified(before)
    assert (await after.verified(await signed(after, house, first))).ticket_id == UUID(first.id)


async def test_keys_of_another_secret_are_told_at_the_start(house: House, ticket_keys: TicketKeys) -> None:
    with pytest.raises(Failure, match="TICKET_KEY_SECRET"):
        await TicketKeys(house.db, vault_of("another" * 8)).start(LIFE)
    # Nor does a key that was put under another's name open.
    await house.db.execute("UPDATE ticket_keys SET number = 9")
    with pytest.raises(Failure, match="TICKET_KEY_SECRET"):
        await keys_of(house.db)


async def test_the_public_keys_are_told_to_anybody_and_have_nothing_private(house: House, ticket_keys: Any) -> None:
    call = house.tickets.GetTicketKeys(pb.GetTicketKeysRequest())
    told = await call
    assert told.content_type == "application/jwk-set+json"
    assert dict(await call.initial_metadata())["cache-control"] == "public, max-age=300"
    key_set = json.loads(told.data)
    assert (key_set["type"], key_set["audience"]) == (codes.TYPE, codes.AUDIENCE)
    [key] = key_set["keys"]
    assert key.keys() == {"kid", "number", "kty", "crv", "x", "use", "alg"}
