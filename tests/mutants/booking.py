"""Bugs of booking: what captured money comes to, cancels and refunds."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

DOMAIN = "services/booking/domain/bookings.py"
REFUNDS = "services/booking/domain/refunds.py"
SETTLE = "services/booking/operations/settle.py"
CHANGE = "services/booking/operations/change.py"
DELIVERIES = "services/booking/deliveries.py"

LIFE = ("tests/booking/test_lifecycle.py",)
RULES = ("tests/booking/test_booking_rules.py", "tests/booking/test_lifecycle.py")
FENCING = ("tests/booking/test_fencing.py", "tests/booking/test_booking_rules.py", "tests/booking/test_lifecycle.py")
OUTBOX = ("tests/booking/test_booking_outbox.py", "tests/booking/test_lifecycle.py")
KEYS = ("tests/booking/test_booking_keys.py", "tests/booking/test_lifecycle.py")

MUTANTS = (
    Mutant(
        "a capture of another amount confirms",
        DOMAIN,
        "if (capture.amount, capture.currency) != (booking.total_amount, booking.currency):",
        "if capture.currency != booking.currency:",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a capture in another currency confirms",
        DOMAIN,
        "if (capture.amount, capture.currency) != (booking.total_amount, booking.currency):",
        "if capture.amount != booking.total_amount:",
        MONEY,
        RULES,
    ),
    Mutant(
        "money that comes twice is kept twice",
        DOMAIN,
        "            return Settlement.DUPLICATE",
        "            return Settlement.KEPT",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a cancelled booking is confirmed",
        DOMAIN,
        "        case State.PENDING | State.EXPIRED:",
        "        case State.PENDING | State.EXPIRED | State.CANCELLED:",
        MONEY,
        LIFE,
    ),
    Mutant(
        "late money never buys its ticket",
        DOMAIN,
        "        case State.PENDING | State.EXPIRED:",
        "        case State.PENDING:",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a booking whose time is up reads PENDING",
        DOMAIN,
        "        if self.state == State.PENDING and self.expires_at is not None and self.expires_at <= now:\n"
        "            return State.EXPIRED\n",
        "",
        REQUESTS,
        LIFE,
    ),
    Mutant(
        "a refund is rounded up",
        REFUNDS,
        "return total * percentage // 100",
        "return -(-total * percentage // 100)",
        MONEY,
        RULES,
    ),
    Mutant(
        "a refund at the last instant of its step gets the next one's share",
        REFUNDS,
        "if left >= time), 0)",
        "if left > time), 0)",
        MONEY,
        RULES,
    ),
    Mutant(
        "the least generous step of the policy comes first",
        REFUNDS,
        "sorted(steps, reverse=True)",
        "sorted(steps)",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund is given where nothing is due",
        CHANGE,
        "            if amount == 0:",
        "            if amount < 0:",
        MONEY,
        LIFE,
    ),
    Mutant(
        "anybody cancels and refunds anybody's booking",
        CHANGE,
        "if not found or found[0].user_id != user_id:",
        "if not found:",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a booking is cancelled while its money is being settled",
        CHANGE,
        "            raise PaymentInProgress()",
        "            pass",
        REQUESTS,
        FENCING,
    ),
    Mutant(
        "a cancelled booking keeps its seats",
        CHANGE,
        "                messages.give_up(booking.id, booking.show.show_id),\n",
        "",
        SEATS,
        LIFE,
    ),
    Mutant(
        "a cancelled booking stays open for payment",
        CHANGE,
        "                messages.close_payments(booking.id),\n",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a cancel is told after it is committed",
        CHANGE,
        "        answer = await once.keep(tx, cancelled)\n",
        "        answer = await once.keep(tx, cancelled)\n    async with db.transaction() as tx:\n",
        SEATS,
        OUTBOX,
    ),
    Mutant(
        "money that buys nothing is sent back after that is committed",
        SETTLE,
        "            await outbox.append(tx, _returns(new))\n",
        "            async with db.transaction() as later:\n"
        "                await outbox.append(later, _returns(new))\n",
        MONEY,
        OUTBOX,
    ),
    Mutant(
        "money is sent back after its confirmation failed for good",
        SETTLE,
        "        await tx.send(sql.SETTLE_CAPTURES, (Settlement.NO_TICKET, [row.payment_id for row in returned]))\n",
        "        await tx.send(sql.SETTLE_CAPTURES, (Settlement.NO_TICKET, [row.payment_id for row in returned]))\n"
        "    async with db.transaction() as tx:\n",
        MONEY,
        OUTBOX,
    ),
    Mutant(
        "money that buys nothing is not sent back",
        SETTLE,
        "            await outbox.append(tx, _returns(new))\n",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "money whose seats are gone is not sent back",
        SETTLE,
        "messages.return_money(row.payment_id, row.total_amount, Settlement.NO_TICKET) for row in returned]",
        "messages.return_money(row.payment_id, row.total_amount, Settlement.NO_TICKET) for row in returned[:0]]",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund that payment refuses is forgotten",
        DELIVERIES,
        "return [answer if isinstance(answer, Failure) else None for answer in answers]",
        "return [None for _ in answers]",
        MONEY,
        OUTBOX,
    ),
    Mutant(
        "a capture that was told before may have other facts",
        SETTLE,
        "refusal = None if seen[capture.payment_id] == capture else CaptureMismatch()",
        "refusal = None",
        MONEY,
        LIFE,
    ),
    Mutant(
        "the second capture of a batch does not see the first",
        SETTLE,
        "bookings[booking.id] = replace(booking, state=State.CONFIRMING, payment_id=capture.payment_id)",
        "bookings[booking.id] = replace(booking, payment_id=capture.payment_id)",
        MONEY,
        RULES,
    ),
    Mutant(
        "a decline extends whenever it is told",
        SETTLE,
        "return set(payment_ids) - {row.payment_id for row in known}",
        "return set(payment_ids)",
        SEATS,
        LIFE,
    ),
    Mutant(
        "the key of a refund is not stored",
        CHANGE,
        '            await idempotency.keep(tx, (key, b""))',
        "            pass",
        REQUESTS,
        KEYS,
    ),
)
