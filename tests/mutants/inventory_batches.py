"""Bugs of how inventory carries its commands out: locks, reads, writes, numbers, keys."""

from tests.mutants.mutant import REQUESTS, SEATS, Mutant

SCRIPT = "services/inventory/operations/seats.py"
SQL = "services/inventory/queries/seats.py"

DESK = ("tests/inventory/test_seats.py",)
KEYS = ("tests/inventory/test_inventory_keys.py",)

MUTANTS = (
    Mutant(
        "the other seats of a lapsed booking are not read",
        SCRIPT,
        "    if losers[0]:",
        "    if not losers:",
        SEATS,
        DESK,
    ),
    Mutant(
        "a user's other seats are not read before a revival",
        SCRIPT,
        "    if revivals[0]:",
        "    if not revivals:",
        SEATS,
        DESK,
    ),
    Mutant(
        "a user's other seats are not read",
        SCRIPT,
        "        if owners[0]:",
        "        if not owners:",
        SEATS,
        DESK,
    ),
    Mutant(
        "the clock is read before the lock",
        SCRIPT,
        '            "shows": (sql.WAIT_FOR_SHOWS if wait else sql.LOCK_SHOWS, (ids,)),\n'
        '            "clock": (READ_CLOCK, ()),\n',
        '            "clock": (READ_CLOCK, ()),\n'
        '            "shows": (sql.WAIT_FOR_SHOWS if wait else sql.LOCK_SHOWS, (ids,)),\n',
        SEATS,
        DESK,
    ),
    Mutant(
        "shows are not locked",
        SQL,
        "WHERE show_id = ANY(%s) ORDER BY show_id FOR UPDATE SKIP LOCKED",
        "WHERE show_id = ANY(%s) ORDER BY show_id",
        SEATS,
        DESK,
    ),
    Mutant(
        "shows are locked in any order",
        SQL,
        "WHERE show_id = ANY(%s) ORDER BY show_id FOR UPDATE SKIP LOCKED",
        "WHERE show_id = ANY(%s) FOR UPDATE SKIP LOCKED",
        SEATS,
        DESK,
        equivalent="who locks several shows skips those that are locked; who waits, waits for one: no deadlock",
    ),
    Mutant(
        "shows that are locked elsewhere are waited for at once",
        SQL,
        "FOR UPDATE SKIP LOCKED",
        "FOR UPDATE",
        REQUESTS,
        DESK,
    ),
    Mutant(
        "nobody ever waits for a show",
        SQL,
        '.replace("SKIP LOCKED", "")',
        "",
        REQUESTS,
        DESK,
    ),
    Mutant(
        "a show that somebody else has locked is not there",
        SCRIPT,
        "return BUSY if exists else ShowNotFound()",
        "return ShowNotFound()",
        REQUESTS,
        DESK,
    ),
    Mutant(
        "changes leave gaps in their numbers",
        SQL,
        "sequence = sequence + 1",
        "sequence = sequence + 2",
        REQUESTS,
        DESK,
    ),
    Mutant(
        "a change takes no number",
        SCRIPT,
        "        await tx.send(sql.TAKE_NUMBERS, (*rules.limits, list(dict.fromkeys(show_ids))))\n",
        "",
        REQUESTS,
        DESK,
    ),
    Mutant(
        "a change is not written",
        SCRIPT,
        "        await tx.send(sql.WRITE_CHANGES, (now, show_ids, ids, statuses, expiries))\n",
        "",
        REQUESTS,
        DESK,
    ),
    Mutant(
        "old changes are forgotten with gaps",
        SQL,
        "WHERE h.show_id = last.show_id AND h.sequence <= last.sequence",
        "WHERE h.show_id = last.show_id AND h.sequence = last.sequence",
        REQUESTS,
        DESK,
    ),
    Mutant(
        "reservations are not written",
        SCRIPT,
        "    if claims:\n",
        "    if not seats and claims:\n",
        SEATS,
        DESK,
    ),
    Mutant(
        "an extended reservation keeps its time",
        SQL,
        "state = excluded.state, expires_at = excluded.expires_at, changed_at",
        "state = excluded.state, changed_at",
        SEATS,
        DESK,
    ),
    Mutant(
        "the key of a hold is not stored",
        SCRIPT,
        "                await idempotency.keep(tx, *kept)",
        "                pass",
        REQUESTS,
        KEYS,
    ),
    Mutant(
        "the key of a hold is good for other seats too",
        SCRIPT,
        "                key.check(request_hash)\n",
        "",
        REQUESTS,
        KEYS,
    ),
)
