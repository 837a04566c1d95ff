"""Papers: tickets and invoices as PDF are read back as people and gates read them, and nothing in a title is markup."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pypdfium2 as pdfium
import pytest
from boxoffice.booking.v1 import invoices_pb2, papers_pb2_grpc, tickets_pb2
from boxoffice.booking.v1 import papers_pb2 as pb

from services.booking.clients import InventoryClient
from services.booking.errors import PaperNotMade
from services.booking.papers import tickets as printing
from services.booking.papers import workshop as workshops
from services.booking.papers.look import held
from services.booking.papers.rpc import PaperServicer
from services.booking.papers.tickets import PrintedTicket
from services.booking.papers.words import visible
from services.booking.papers.workshop import Paper, Workshop
from services.booking.tickets import keys
from services.booking.tickets.keyring import TicketKeys
from services.booking.tickets.keys import TicketKey, vault_of
from services.chassis.errors import ResourceExhausted
from services.chassis.values.spoken import chosen
from tests.booking.house import ANN, BOB, House, refused
from tests.booking.papers import codes, pages
from tests.booking.sellers import NUMBER, sold_by
from tests.booking.test_tickets import refund, tickets
from tests.booking.wiring import TICKET_KEY_SECRET
from tests.cases import all_cases
from tests.servers import served

VAULT = vault_of(TICKET_KEY_SECRET)
HINDI = "क्षत्रिय: कृष्ण की विजय, श्री प्रस्तुति में"
MARKUP = '#image("/etc/passwd") $x^2$ *b* _i_ <a> @ref `raw` [x] \\ // /* */ ~ -- --- "q" ... #panic("no") #{1+1}'
UNSEEN = "".join(map(chr, (*range(32), 0x7F, 0x85, 0xAD, 0x200B, 0x200E, 0x202E, 0x2028, 0x2066, 0xFEFF, 0xD800)))


@pytest.fixture(scope="module")
async def workshop() -> AsyncIterator[Workshop]:
    workshop = Workshop()
    yield workshop
    await workshop.close()


@pytest.fixture
async def papers(house: House, workshop: Workshop) -> AsyncIterator[papers_pb2_grpc.PaperServiceStub]:
    ticket_keys = TicketKeys(house.db, VAULT)
    await ticket_keys.start(timedelta(days=90))
    servicer = PaperServicer(house.db, ticket_keys, InventoryClient(house.to_inventory), workshop)
    add = papers_pb2_grpc.add_PaperServiceServicer_to_server
    async with served(lambda server: add(servicer, server)) as channel:
        yield papers_pb2_grpc.PaperServiceStub(channel)


async def test_a_booking_is_a_page_for_each_ticket_whose_code_is_read_from_its_picture(
    house: House, papers: papers_pb2_grpc.PaperServiceStub
) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    request = pb.RenderTicketsRequest(booking_id=booking.id, user_id=str(ANN))
    call = papers.RenderTickets(request)
    body = await call
    head = dict(await call.initial_metadata())
    assert head["cache-control"] == "private, no-store"
    assert head["content-disposition"] == f'inline; filename="tickets-{booking.booking_number}.pdf"'
    assert body.content_type == "application/pdf" and len(body.data) < 60_000
    said = pages(body.data)
    for page, seat in zip(said, ("1", "2"), strict=True):
        for words in ("Monsoon Letters", "Regal, Pune", "Screen 1", "(Asia/Kolkata)", "Section Stalls Row A"):
            assert words in page
        assert f"Seat {seat} Category Regular Ticket for Adult" in page
        assert f"{booking.booking_number} Stalls A{seat}" in page, "the text beside the code"
    issued = await tickets(house, booking)
    wanted = [
        (await house.tickets.GetTicketCode(tickets_pb2.GetTicketCodeRequest(ticket_id=it.id))).code for it in issued
    ]
    assert codes(body.data) == [[one] for one in wanted]
    document = pdfium.PdfDocument(body.data)
    assert document.get_metadata_value("Title") == f"Tickets: Monsoon Letters, {booking.booking_number}"
    assert b"/Lang" in body.data and b"/StructTreeRoot" in body.data
    assert (await papers.RenderTickets(request)).data == body.data, "the same bytes each time"
    request.ticket_id, request.language = issued[1].id, pb.HI
    one = (await papers.RenderTickets(request)).data
    assert codes(one) == [[wanted[1]]] and "सीट 2" in pages(one)[0] and "स्थान Regal, Pune" in pages(one)[0]
    told = await papers.RenderTickets(
        pb.RenderTicketsRequest(booking_id=booking.id), metadata=(("accept-language", "de, hi-IN;q=0.9, en;q=0.5"),)
    )
    assert "स्थान Regal, Pune" in pages(told.data)[0]


async def test_tickets_are_printed_for_who_holds_them_and_only_while_they_let_in(
    house: House, papers: papers_pb2_grpc.PaperServiceStub
) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    request = pb.RenderTicketsRequest(booking_id=booking.id, user_id=str(ANN))
    _, second = await tickets(house, booking)
    bobs = pb.RenderTicketsRequest(booking_id=booking.id, user_id=str(BOB))
    assert (await refused(papers.RenderTickets(bobs))).reason == "BOOKING_NOT_FOUND"
    # Passed on to another: whoever bought it has no code of it any more.
    await house.db.execute("UPDATE tickets SET user_id = %(to)s WHERE id = %(id)s", {"to": BOB, "id": UUID(second.id)})
    assert "Stalls A1" in pages((await papers.RenderTickets(request)).data)[0]
    assert len(pages((await papers.RenderTickets(request)).data)) == 1
    assert "Stalls A2" in pages((await papers.RenderTickets(bobs)).data)[0]
    request.ticket_id = second.id
    assert (await refused(papers.RenderTickets(request))).reason == "TICKET_NOT_FOUND"
    await refund(house, booking, 0)
    request.ticket_id = ""
    assert (await refused(papers.RenderTickets(request))).reason == "TICKET_REVOKED"
    for left in (bobs, pb.RenderTicketsRequest(booking_id=booking.id)):
        [page] = pages((await papers.RenderTickets(left)).data)
        assert "Stalls A2" in page
    pending = await house.book(ANN, 2)
    for call in (papers.RenderTickets, papers.RenderCalendar):
        asked = pb.RenderTicketsRequest if call is papers.RenderTickets else pb.RenderCalendarRequest
        assert (await refused(call(asked(booking_id=pending.id)))).reason == "TICKET_NOT_FOUND"
        assert (await refused(call(asked(booking_id=str(uuid4()))))).reason == "BOOKING_NOT_FOUND"


async def test_no_title_breaks_a_ticket_or_is_more_than_text(house: House, workshop: Workshop) -> None:
    made = await house.confirmed(ANN, 0)
    found = await held(house.db, UUID(made.id), ANN)
    [(ticket, seat)] = found.tickets
    key = TicketKey.open(VAULT, "kid", 3, keys.make(VAULT, "kid", 3))
    code = key.code(1, ticket.id)

    async def printed(text: str, *, at_seat: str = "Stalls", language: str = "en") -> bytes:
        show = replace(found.booking.show, title=text, theatre=text, city=text[:100], screen=text[:100])
        booking = replace(found.booking, show=show, guest_name=text[:100])
        there = PrintedTicket(
            replace(ticket, seat_label=f"{at_seat} A1"),
            replace(seat, section=at_seat, features="WHEELCHAIR,RESTRICTED_VIEW"),
            code,
        )
        return await workshop.make(printing.paper(booking, [there], language))

    drawn = random.Random(5)
    titles = {
        "Hindi": HINDI,
        "markup": MARKUP,
        "a word without end": "W" * 200,
        "Hindi without end": "क्ष्म्य" * 28,
        "many words": "लंबा शीर्षक " * 16,
        "unseen": f"A{UNSEEN}B",
        "from the right": "שלום (עולם) 123",
        "no font has it": "🎉 東京 العربية",
        "scripts of India": "தமிழ் తెలుగు ಕನ್ನಡ বাংলা ગુજરાતી ਪੰਜਾਬੀ ଓଡ଼ିଆ മലയാളം",
        "nothing": "",
        "drawn": "".join(chr(drawn.randrange(1, 0x3000)) for _ in range(200)),
    }
    with all_cases() as case:
        for name, text in titles.items():
            with case(name):
                file = await printed(text, at_seat=text[:40] or "-", language="hi" if "Hindi" in name else "en")
                [page] = pages(file)
                assert codes(file) == [[code]]
                assert ("व्हीलचेयर का स्थान, सीमित दृश्य" if "Hindi" in name else "wheelchair, Restricted view") in page
                if name in ("Hindi", "markup", "scripts of India"):
                    # A very long word is broken, by what is not seen.
                    assert text.replace(" ", "") in page.replace("\u200b", "").replace(" ", "")
    assert visible(f"A{UNSEEN}B") == "A B" and visible("क्\u200dष") == "क्\u200dष"


async def test_a_paper_that_takes_too_long_or_too_much_ends_alone_and_the_next_one_is_made(tmp_path: Path) -> None:
    paper = Paper("tickets", {"title": "x"}, datetime(2026, 1, 1, tzinfo=UTC))
    right = Paper("every_font", {}, paper.at)
    workshop = Workshop()
    try:
        with pytest.raises(PaperNotMade):  # what a template lacks is told, and its process goes on
            await workshop.make(paper)
        await workshop.make(right)
        process = workshop._process
        assert process is not None
        process.kill()
        await process.wait()
        assert (await workshop.make(right)).startswith(b"%PDF")
        # Whoever asks and goes leaves no answer behind for the next.
        going = asyncio.ensure_future(workshop.make(replace(right, at=datetime(2020, 1, 1, tzinfo=UTC))))
        await asyncio.sleep(0)
        going.cancel()
        assert b"D:2026" in await workshop.make(right)
    finally:
        await workshop.close()
    for worker, seconds in (("import time; time.sleep(600)", 0.2), ("import sys; sys.exit(1)", 60.0)):
        script = tmp_path / "worker.py"
        script.write_text(worker)
        broken = Workshop(seconds=seconds, worker=script)
        with pytest.raises(PaperNotMade):
            await broken.make(right)
        assert broken._process is None
    large = replace(right, data={"unused": "x" * 5_000_000})
    small = Workshop(memory=64 * 1024 * 1024)
    with pytest.raises(PaperNotMade):
        await small.make(large)
    assert small._process is None
    assert (await Workshop(papers=1).make(large)).startswith(b"%PDF")


async def test_a_process_makes_so_many_papers_and_only_so_many_callers_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Paper("every_font", {}, datetime(2026, 1, 1, tzinfo=UTC))
    workshop = Workshop(papers=2)
    await workshop.make(right)
    first = workshop._process
    await workshop.make(right)
    assert first is not None and first.returncode is not None and workshop._process is None
    await workshop.make(replace(right, symbols=[("A", "A1")] * 10))  # which counts for two
    assert workshop._process is None
    monkeypatch.setattr(workshops, "MAX_WAITING", 2)
    tries = await asyncio.gather(*(workshop.make(right) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(each, bytes) for each in tries) >= 2
    assert all(isinstance(each, bytes | ResourceExhausted) for each in tries)
    assert any(isinstance(each, ResourceExhausted) for each in tries)
    await workshop.close()


async def test_an_invoice_and_its_credit_note_are_papers_with_all_that_the_law_wants(
    house: House, papers: papers_pb2_grpc.PaperServiceStub
) -> None:
    await sold_by(house)
    booking = await house.confirmed(ANN, 0, 1)
    request = pb.RenderInvoiceRequest(booking_id=booking.id, user_id=str(ANN))
    call = papers.RenderInvoice(request)
    body = await call
    [page] = pages(body.data)
    number = _number(page)
    assert dict(await call.initial_metadata())["content-disposition"].endswith(f'"{number.replace("/", "-")}.pdf"')
    for words in (
        "Tax invoice Regal Talkies Camp, Pune",
        f"GSTIN: {NUMBER}",
        "Place of supply: 27 Maharashtra",
        f"Booking: {booking.booking_number}",
        "Stalls A1 999614 ₹250.01 ₹22.50 ₹22.50 ₹295.01",
        "CGST 9 % ₹45.00",
        "SGST 9 % ₹45.00",
        "Total ₹590.02",
    ):
        assert words in page, words
    assert pdfium.PdfDocument(body.data).get_metadata_value("Title") == f"Tax invoice {number}"
    request.language = pb.HI
    assert f"टैक्स इनवॉइस {number}" in pages((await papers.RenderInvoice(request)).data)[0]
    request.user_id = str(BOB)
    assert (await refused(papers.RenderInvoice(request))).reason == "BOOKING_NOT_FOUND"
    await refund(house, booking, 0)
    told = await house.invoices.GetInvoice(invoices_pb2.GetInvoiceRequest(booking_id=booking.id))
    [note] = told.corrections
    wanted = pb.RenderInvoiceRequest(booking_id=booking.id, document_id=note.id)
    [page] = pages((await papers.RenderInvoice(wanted)).data)
    assert f"Credit note {note.number}" in page and f"Corrects: {number}" in page and "Given back ₹295.01" in page
    wanted.document_id = str(uuid4())
    assert (await refused(papers.RenderInvoice(wanted))).reason == "INVOICE_NOT_FOUND"


def _number(page: str) -> str:
    return page.partition("Number: ")[2].partition(" ")[0]


def test_the_language_is_the_one_that_the_reader_likes_best() -> None:
    for header, wanted in {
        "": "en",
        "hi": "hi",
        "hi-IN,hi;q=0.9,en;q=0.8": "hi",
        "en;q=0.2, HI;q=0.3": "hi",
        "de, fr": "en",
        "hi;q=0": "en",
        "hi;q=x": "en",
        "*": "en",
        ";;,q=,hi;q=nan" + "," * 9_000: "en",
    }.items():
        assert chosen(header) == wanted, header
