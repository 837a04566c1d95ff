"""The invariants are worth something: each of them sees its faults, and nothing else is called one."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from audit.audit import SOURCES, Scratch, check, copy, scratch
from audit.invariants import ALWAYS, AT_REST, INVARIANTS, Invariant
from audit.snapshots import snapshots
from stack.launcher import Stack
from stack.services import API
from tests.cases import all_cases
from tests.inventory.pictures import picture
from tests.system.clauses import without_each
from tests.system.client import PRICES, Client, new_user, ok, refusal
from tests.system.conftest import opened_client
from tests.system.damages import DAMAGES
from tests.system.damages_of_accounts import OF_DELETIONS
from tests.system.damages_of_keys import OF_KEYS
from tests.system.databases import at_rest, later
from tests.system.doors import let_in
from tests.system.innocent import AT_ANY_TIME, WHILE_UNDER_WAY
from tests.system.selling import guard, sell
from tests.system.telling import have_an_organization_told
from tests.system.transfers import pass_on

CHANGES = """
    SELECT schemaname || '.' || relname AS name, n_tup_ins + n_tup_upd + n_tup_del AS changes
    FROM pg_stat_xact_user_tables
"""
TABLE = re.compile(rf"\b(?:{'|'.join(name for schemas in SOURCES.values() for name, _ in schemas)})\.\w+")

INNOCENT = AT_ANY_TIME | OF_DELETIONS | OF_KEYS


@contextmanager
def changed(copies: Scratch, change: str) -> Iterator[set[str]]:
    """Change the copies, in SQL, and give the tables that are others than before; in the end undo it."""
    with copies.transaction(force_rollback=True):
        before = changes(copies)
        copies.execute(change.encode())
        yield {name for name, count in changes(copies).items() if count != before.get(name, 0)}


def changes(copies: Scratch) -> dict[str, int]:
    """Count how many rows of each table have been changed, also those of which that was undone."""
    return {row["name"]: row["changes"] for row in copies.execute(CHANGES.encode()).fetchall()}


def may_see(invariant: Invariant, tables: set[str]) -> bool:
    """Tell whether an invariant has to do with one of these tables; if not, it says of them what it said before."""
    return not tables.isdisjoint(TABLE.findall(invariant.sql))


def is_broken(copies: Scratch, invariant: Invariant) -> bool:
    [row] = copies.execute(f"SELECT EXISTS ({invariant.sql}) AS found".encode()).fetchall()
    return bool(row["found"])


def broken(copies: Scratch, change: str, *, by: Sequence[Invariant] = INVARIANTS) -> dict[str, str]:
    """Return what the invariants say of a change, by their names."""
    with changed(copies, change) as tables:
        found = [invariant for invariant in by if may_see(invariant, tables) and is_broken(copies, invariant)]
        return {result.invariant.name: str(result) for result in check(copies, found)}


@pytest.fixture(scope="module")
async def copies(stack: Stack) -> AsyncIterator[Scratch]:
    """The databases, copied, with a booking in each state and money that went back."""
    async with opened_client(stack) as client:
        show = await client.make_show()
        await sell(client, show)
        await client.make_show()  # nobody wants to see it
        gratis = await client.make_show(prices=dict.fromkeys(PRICES, 0))
        await client.until((await client.booked(gratis, new_user(), gratis.seats[:1]))["id"], "CONFIRMED")
        late = await client.booked(show, new_user(), show.seats[11:12])
        session = await client.session(late)
        ok(await client.ask("POST", f"payments/simulate/{session}", {"paymentMethod": "pm_late"}))
        ok(await client.cancel(late))
        async with later(stack.server, "21 minutes", "bank"):
            await client.until_payment(late["id"], "REFUNDED")
        ok(await client.ask("POST", "venues", {"name": "House", "city": "Pune"}, headers=a_key()))
        ok(await client.hold(show, new_user(), show.seats[:2], headers=a_key()))
        undecided = new_user()
        ok(await client.hold(show, undecided, show.seats[15:16]))
        ok(await client.ask("DELETE", f"bookings/holds/{undecided}"))
        coupon = {"code": str(uuid4())[:8], "terms": {"kind": "PERCENTAGE", "percentage": 10, "maxUses": 5}}
        ok(await client.ask("POST", "coupons", coupon, headers=a_key()))
        await client.session(await client.booked(show, new_user(), show.seats[2:4], str(coupon["code"])))
        await client.confirmed(show, new_user(), show.seats[4:6])
        for seats in (show.seats[6:8], show.seats[16:17]):
            refunded = await client.confirmed(show, new_user(), seats)
            ok(await client.refund(refunded, headers=a_key()))
            await client.until(refunded["id"], "REFUNDED")
        partly = await client.confirmed(show, new_user(), show.seats[12:15])
        ok(await client.refund(partly, show.seats[12:13]))
        ok(await client.refund(partly, show.seats[14:15]))
        cancelled = await client.booked(show, new_user(), show.seats[8:10])
        ok(await client.initiate(cancelled, headers=a_key()))
        ok(await client.cancel(cancelled))
        declined = await client.booked(show, new_user(), show.seats[10:11])
        await client.pay(await client.session(declined), "DECLINE")
        await client.until_payment(declined["id"], "FAILED")
        await client.cancel_show(await client.make_show())
        await guard(client, await client.make_show())
        await let_in(client, open_doors := await client.make_show(), open_doors.seats[:2])
        await pass_on(client, open_doors, open_doors.seats[2:4])
        await _have_accounts(stack, client)
        await _have_images(client)
        await have_an_organization_told(stack, client)
        await at_rest(stack.server)
    with scratch(stack.server.url) as connection, snapshots(stack.server.url) as sources:
        assert sources.take()
        copy(sources, connection)
        yield connection


def a_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def _have_accounts(stack: Stack, client: Client) -> None:
    """Have accounts of each role, and families of tokens that go on and that were ended."""
    stack.load_accounts()
    who = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    ok(await client.ask("POST", "auth/register", who))
    for verb in ("refresh", "logout"):
        tokens = ok(await client.ask("POST", "auth/login", who))
        ok(await client.ask("POST", f"auth/{verb}", {"refreshToken": tokens["refreshToken"]}))
    gone = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    ok(await client.ask("POST", "auth/register", gone))
    tokens = ok(await client.ask("POST", "auth/login", gone))
    headers = {"authorization": f"Bearer {tokens['accessToken']}"}
    ok(await client.ask("POST", "users/me/delete", {"password": gone["password"]}, headers=headers))
    wrong = who | {"password": "battery horse correct"}
    assert refusal(await client.ask("POST", "auth/login", wrong)).reason == "LOGIN_FAILED"


async def _have_images(client: Client) -> None:
    """Have an event with two images."""
    event = {"title": "Nine Rivers, painted", "category": "CONCERT", "durationMinutes": 90}
    where = f"{API}/events/{ok(await client.ask('POST', 'events', event))['id']}/images"
    headers = {"content-type": "image/jpeg"}
    for size in ((8, 8), (9, 9)):
        file = picture(size=size)
        ok(await client.http.post(where, params={"altText": "A stage"}, content=file, headers=headers))


def test_all_invariants_hold_and_each_has_something_to_look_at(copies: Scratch) -> None:
    results = check(copies)
    assert [str(result) for result in results if result.violations] == []
    assert [result.invariant.name for result in results if not result.checked] == []


def test_every_invariant_is_tried_and_no_other() -> None:
    names = [invariant.name for invariant in INVARIANTS]
    assert len(set(names)) == len(names)
    assert {damage.invariant for damage in DAMAGES} == set(names)
    assert len({(damage.name, damage.invariant) for damage in DAMAGES}) == len(DAMAGES) >= 100


def test_an_invariant_sees_its_faults(copies: Scratch) -> None:
    by_name = {invariant.name: invariant for invariant in INVARIANTS}
    with all_cases() as case:
        for damage in DAMAGES:
            with case(f"{damage.invariant}: {damage.name}"):
                assert broken(copies, damage.sql, by=[by_name[damage.invariant]])


def test_what_is_no_fault_is_not_called_one(copies: Scratch) -> None:
    with all_cases() as case:
        for innocent, sql in INNOCENT.items():
            with case(innocent):
                assert broken(copies, sql) == {}


def test_what_is_under_way_breaks_nothing_that_holds_at_any_time(copies: Scratch) -> None:
    with all_cases() as case:
        for innocent, sql in WHILE_UNDER_WAY.items():
            with case(innocent):
                assert broken(copies, sql, by=ALWAYS) == {}


def without_a_condition(copies: Scratch) -> Iterator[Invariant]:
    """Yield each invariant without each of its conditions, where that can be asked at all; `why` tells which."""
    for invariant in INVARIANTS:
        for part, query in without_each(invariant.sql):
            try:
                with copies.transaction():
                    copies.execute(f"EXPLAIN {query}".encode())
            except psycopg.errors.FeatureNotSupported:
                continue  # a FULL JOIN that cannot be made
            yield replace(invariant, why=f"without {part}", sql=query)


def test_no_condition_of_an_invariant_can_be_lost_unseen(copies: Scratch) -> None:
    """An invariant without one of its conditions misses a fault, or calls something else one.

    With all of them it does neither: see above.
    """
    # What calls the sales as they were faults is found already.
    unseen = [each for each in without_a_condition(copies) if not is_broken(copies, each)]
    always = {invariant.name for invariant in ALWAYS}
    for damage in DAMAGES:
        with changed(copies, damage.sql):
            unseen = [each for each in unseen if each.name != damage.invariant or is_broken(copies, each)]
    for innocent in INNOCENT.values():
        with changed(copies, innocent) as tables:
            unseen = [each for each in unseen if not (may_see(each, tables) and is_broken(copies, each))]
    for innocent in WHILE_UNDER_WAY.values():
        with changed(copies, innocent) as tables:
            unseen = [
                each
                for each in unseen
                if each.name not in always or not (may_see(each, tables) and is_broken(copies, each))
            ]
    left = "\n".join(f"{each.name} {each.why}" for each in unseen)
    assert not unseen, left


def test_a_fault_is_told_in_words_with_some_of_its_rows(copies: Scratch) -> None:
    with copies.transaction(force_rollback=True):
        copies.execute("UPDATE inventory.show_seats SET price = -1")
        [result] = check(copies, [ALWAYS[0]])
    assert result.violations == result.checked > 10
    first, *rows, last = str(result).splitlines()
    assert first == f"{ALWAYS[0].name}: {ALWAYS[0].why}"
    assert len(rows) == 10 and all(row.startswith("    show_id=") and row.endswith("  price=-1") for row in rows)
    assert last == f"    and {result.violations - 10:,} more"


def test_what_holds_at_any_time_looks_at_one_database_at_one_instant() -> None:
    of_schema = {name: database for database, schemas in SOURCES.items() for name, _ in schemas}
    with all_cases() as case:
        for invariant in INVARIANTS:
            with case(invariant.name):
                seen = {of_schema[name] for name in re.findall(rf"\b({'|'.join(of_schema)})\.\w+", invariant.sql)}
                looked_at = {of_schema[what.partition(".")[0]] for what in invariant.looks_at}
                assert looked_at <= seen
                assert len(seen) == 1 or invariant in AT_REST
