"""Bugs of booking's steps: guards, leases, keys, and what inventory says."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

SQL = "services/booking/queries/bookings.py"
CREATE = "services/booking/operations/create.py"
SAGA = "services/booking/saga.py"

LIFE = ("tests/booking/test_lifecycle.py",)
RULES = ("tests/booking/test_booking_rules.py", "tests/booking/test_lifecycle.py")
FENCING = ("tests/booking/test_fencing.py", "tests/booking/test_booking_rules.py", "tests/booking/test_lifecycle.py")
KEYS = ("tests/booking/test_booking_keys.py", "tests/booking/test_lifecycle.py")
CHAIN = ("tests/payment/test_chain.py",)

MUTANTS = (
    Mutant(
        "the whole price goes back whatever was frozen",
        SAGA,
        "cause=Refund.REQUESTED, amount=booking.refund_amount)",
        "cause=Refund.REQUESTED, amount=booking.total_amount)",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund that is under way is finished",
        SAGA,
        "            if state == RefundState.SUCCEEDED:",
        "            if state != RefundState.STUCK:",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refunded booking keeps its seats",
        SAGA,
        "            await self._inventory.unbook((booking.id, booking.show.show_id))\n",
        "",
        SEATS,
        LIFE,
    ),
    Mutant(
        "what inventory extended is not copied",
        SAGA,
        "await settle.record_declines(self._db, heard, extended)",
        "await settle.record_declines(self._db, heard, [])",
        SEATS,
        LIFE,
    ),
    Mutant(
        "bookings expire without inventory's word",
        SAGA,
        "released = [booking_id for (booking_id, _), answer in zip(bookings, answers, strict=True) if answer is None]",
        "released = [booking_id for booking_id, _ in bookings]",
        SEATS,
        LIFE,
    ),
    Mutant(
        "what inventory may have reserved is forgotten",
        SAGA,
        "(unknown if is_transient(answer) else refused).append(command.id)",
        "refused.append(command.id)",
        SEATS,
        FENCING,
    ),
    Mutant(
        "a create is given up without giving its seats back",
        SAGA,
        "            answers = await self._inventory.release(releases)",
        "            answers = [None] * len(releases)",
        SEATS,
        LIFE,
    ),
    Mutant(
        "an inventory that is away refuses tickets",
        SAGA,
        '            if answer.reason == "CLAIM_CLOSED":',
        "            if answer.reason:",
        MONEY,
        FENCING,
    ),
    Mutant(
        "a create that recovery took over is finished",
        SQL,
        "WHERE id = priced.booking_id AND state = 'RESERVING' AND version = 1",
        "WHERE id = priced.booking_id AND state = 'RESERVING'",
        SEATS,
        FENCING,
    ),
    Mutant(
        "a late worker confirms what its successor has in hand",
        SQL,
        "    WHERE b.id = new.booking_id AND b.state = 'CONFIRMING' AND b.version = new.version\n"
        "    RETURNING b.payment_id",
        "    WHERE b.id = new.booking_id AND b.state = 'CONFIRMING'\n    RETURNING b.payment_id",
        MONEY,
        FENCING,
        equivalent="inventory's confirm is final: whoever heard it may write it down, and only one finds CONFIRMING",
    ),
    Mutant(
        "a late worker fails what its successor has in hand",
        SQL,
        "    WHERE b.id = new.booking_id AND b.state = 'CONFIRMING' AND b.version = new.version\n"
        "    RETURNING new.payment_id",
        "    WHERE b.id = new.booking_id AND b.state = 'CONFIRMING'\n    RETURNING new.payment_id",
        MONEY,
        FENCING,
    ),
    Mutant(
        "recovery claims what somebody is at",
        SQL,
        "state IN ('RESERVING', 'CONFIRMING', 'REFUNDING') AND lease_until <= boxoffice_clock()",
        "state IN ('RESERVING', 'CONFIRMING', 'REFUNDING')",
        SEATS,
        FENCING,
    ),
    Mutant(
        "recovery fences nobody off",
        SQL,
        "UPDATE bookings SET version = version + 1, lease_until = boxoffice_clock()",
        "UPDATE bookings SET lease_until = boxoffice_clock()",
        SEATS,
        FENCING,
    ),
    Mutant(
        "recovery takes no lease",
        SQL,
        "UPDATE bookings SET version = version + 1, lease_until = boxoffice_clock() + make_interval(secs => %s)",
        "UPDATE bookings SET version = version + 1, lease_until = lease_until + 0 * make_interval(secs => %s)",
        SEATS,
        FENCING,
    ),
    Mutant(
        "two replicas expire the same bookings",
        SQL,
        "            AND (lease_until IS NULL OR lease_until <= boxoffice_clock())\n",
        "",
        REQUESTS,
        LIFE,
    ),
    Mutant(
        "a copy of an older answer shortens a booking",
        SQL,
        "AND b.state = 'PENDING' AND b.expires_at < new.expires_at",
        "AND b.state = 'PENDING'",
        SEATS,
        FENCING,
    ),
    Mutant(
        "a cancelled booking expires",
        SQL,
        "    WHERE id = ANY(%s) AND state = 'PENDING'\n",
        "    WHERE id = ANY(%s)\n",
        SEATS,
        RULES,
    ),
    Mutant(
        "a refused create drops whatever the booking became",
        SQL,
        "\"DELETE FROM bookings WHERE id = ANY(%s) AND state = 'RESERVING'\"",
        '"DELETE FROM bookings WHERE id = ANY(%s)"',
        SEATS,
        FENCING,
    ),
    Mutant(
        "bookings are moved without a lock",
        SQL,
        "AND state <> 'RESERVING' ORDER BY id FOR UPDATE",
        "AND state <> 'RESERVING' ORDER BY id",
        MONEY,
        (*RULES, *CHAIN),
    ),
    Mutant(
        "a booking that has no seats yet is shown",
        SQL,
        "BOOKINGS = f\"SELECT {COLUMNS} FROM bookings WHERE id = ANY(%s) AND state <> 'RESERVING'\"",
        'BOOKINGS = f"SELECT {COLUMNS} FROM bookings WHERE id = ANY(%s)"',
        REQUESTS,
        FENCING,
    ),
    Mutant(
        "a booking that may still be paid late loses its seats",
        SQL,
        "            AND (state = 'CANCELLED' OR coalesce(sales_end_at, starts_at) <= boxoffice_clock())\n",
        "",
        SEATS,
        LIFE,
    ),
    Mutant(
        "a create does not take its key before it reserves",
        CREATE,
        "                [key.key if key else None for key in keys],",
        "                [None for _ in keys],",
        REQUESTS,
        KEYS,
    ),
    Mutant(
        "the key of a booking is not stored",
        CREATE,
        "for one in priced if one.command.idempotency]",
        "for one in priced if False]",
        REQUESTS,
        LIFE,
    ),
    Mutant(
        "the key of a booking is good for other seats too",
        CREATE,
        "        key.check(bytes(first.request_hash))\n",
        "        pass\n",
        REQUESTS,
        LIFE,
    ),
    Mutant(
        "a refused create leaves its row",
        CREATE,
        "if refused else []",
        "if not refused else []",
        REQUESTS,
        LIFE,
    ),
)
