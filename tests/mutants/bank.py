"""Bugs of the bank: money taken and given back, and the webhooks that tell of it."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

DOMAIN = "services/payment/bank/domain/sessions.py"
SESSIONS = "services/payment/bank/operations/sessions.py"
REFUNDS = "services/payment/bank/operations/refunds.py"
DELIVERIES = "services/payment/bank/operations/deliveries.py"
SQL = "services/payment/bank/queries/sessions.py"
DELIVERY_SQL = "services/payment/bank/queries/deliveries.py"
JOBS = "services/payment/bank/jobs.py"

RULES = ("tests/bank/test_bank_domain.py", "tests/bank/test_bank_sessions.py")
LIFE = ("tests/bank/test_bank_sessions.py",)
SENT = ("tests/bank/test_bank_deliveries.py",)
SCENARIOS = ("tests/bank/test_bank_scenarios.py",)

MUTANTS = (
    Mutant(
        "a session is captured twice",
        SESSIONS,
        "        if not session.can_end(now):",
        "        if session.status == Status.CLOSED:",
        MONEY,
        LIFE,
    ),
    Mutant(
        "sessions end without a lock",
        SQL,
        'LOCK_SESSION = f"SELECT {_SESSION} FROM sessions s WHERE s.id = %s FOR UPDATE"',
        'LOCK_SESSION = f"SELECT {_SESSION} FROM sessions s WHERE s.id = %s"',
        MONEY,
        LIFE,
    ),
    Mutant(
        "the bank pays back more than it took",
        DOMAIN,
        "        if self.refunded_amount + amount > self.amount:\n            raise RefundExceedsCapture()\n",
        "",
        MONEY,
        RULES,
    ),
    Mutant(
        "the bank pays back what it did not take",
        DOMAIN,
        "        if self.status != Status.CAPTURED:\n            raise SessionNotCaptured()\n",
        "",
        MONEY,
        RULES,
    ),
    Mutant(
        "a session can be paid after its time",
        DOMAIN,
        "self.decides_at is None and now >= self.expires_at:",
        "self.decides_at is None and not self.id:",
        MONEY,
        RULES,
    ),
    Mutant(
        "a session can be paid at the instant at which it ends",
        DOMAIN,
        "self.decides_at is None and now >= self.expires_at:",
        "self.decides_at is None and now > self.expires_at:",
        MONEY,
        RULES,
    ),
    Mutant(
        "a payment that is under way is closed",
        DOMAIN,
        "return self.at(now).status == Status.OPEN and self.decides_at is None",
        "return self.at(now).status == Status.OPEN",
        MONEY,
        (*RULES[:1], *SCENARIOS),
    ),
    Mutant(
        "a capture is missing in the ledger",
        SESSIONS,
        "        await tx.send(sql.CAPTURE, (ended.id, ended.amount, ended.currency))",
        "        pass",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund is missing in the ledger",
        REFUNDS,
        "            await tx.send(sql.PAY_BACK, (session.id, tried.amount, session.currency, tried.id))\n",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund is not counted",
        REFUNDS,
        "            await tx.send(sql.COUNT_REFUND, (less.refunded_amount, session.id))\n",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund that is asked for again is paid again",
        REFUNDS,
        "            if known.status != RefundStatus.PENDING:\n                return known\n",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund of one id may have another amount",
        REFUNDS,
        "if (known.session_id, known.amount) != (asked.session_id, asked.amount):",
        "if known.session_id != asked.session_id:",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a session of one id may have another amount",
        SESSIONS,
        "    ):\n        raise SessionMismatch()\n",
        "    ):\n        pass\n",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a webhook that nobody took is dropped",
        JOBS,
        "            if answer.error is None or (delivery.is_lie and answer.is_refusal):",
        "            if answer:",
        REQUESTS,
        SENT,
    ),
    Mutant(
        "a webhook that comes again has another id",
        DELIVERY_SQL,
        "COALESCE(repeats, id) AS event_id",
        "id AS event_id",
        REQUESTS,
        SCENARIOS,
    ),
    Mutant(
        "two senders send the same webhooks",
        DELIVERY_SQL,
        "AND dead_at IS NULL AND next_attempt_at <= (SELECT clock_timestamp())",
        "AND dead_at IS NULL",
        REQUESTS,
        SENT,
    ),
    Mutant(
        "a webhook is given up at once",
        DELIVERIES,
        "GIVE_UP_DAYS = 3",
        "GIVE_UP_DAYS = 0",
        REQUESTS,
        (*SENT, *SCENARIOS),
    ),
    Mutant(
        "nobody is told of a session whose time is up",
        SESSIONS,
        "            await deliveries.append(tx, [telling for session, now in over for telling in",
        "            await deliveries.append(tx, [telling for session, now in over[:0] for telling in",
        REQUESTS,
        LIFE,
    ),
    Mutant(
        "nobody is told of a refund",
        REFUNDS,
        "            await deliveries.append(tx, [Telling(events.of_refund(session, tried, now))])\n",
        "",
        REQUESTS,
        SENT,
    ),
)
