"""Bugs of the bank: money taken and given back, and the webhooks that tell of it."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

DOMAIN = "services/payment/bank/domain/sessions.py"
CREATE = "services/payment/bank/operations/create.py"
ENDS = "services/payment/bank/operations/ends.py"
PAY = "services/payment/bank/operations/pay.py"
CLOSE = "services/payment/bank/operations/close.py"
REFUNDS = "services/payment/bank/operations/refunds.py"
DELIVERIES = "services/payment/bank/operations/deliveries.py"
DELIVERY_SQL = "services/payment/bank/queries/deliveries.py"
JOBS = "services/payment/bank/jobs.py"

RULES = ("tests/bank/test_bank_domain.py", "tests/bank/test_bank_sessions.py")
TURNS = ("tests/bank/test_bank_turns.py",)
LIFE = ("tests/bank/test_bank_sessions.py",)
SENT = ("tests/bank/test_bank_deliveries.py",)
SCENARIOS = ("tests/bank/test_bank_scenarios.py",)

MUTANTS = (
    Mutant(
        "a session is captured twice",
        PAY,
        "        if not session.can_end(state.now):",
        '        if session.status == "CLOSED":',
        MONEY,
        LIFE,
    ),
    Mutant(
        "sessions are closed without a lock",
        CLOSE,
        '"sessions": (sql.WAIT_FOR_SESSIONS, ids)',
        '"sessions": (sql.SESSIONS, ids)',
        MONEY,
        (*TURNS, *LIFE),
    ),
    Mutant(
        "sessions are paid without a lock",
        PAY,
        "(sql.WAIT_FOR_SESSIONS if wait else sql.LOCK_SESSIONS, ",
        "(sql.SESSIONS, ",
        MONEY,
        TURNS,
    ),
    Mutant(
        "a session that somebody else has is not found",
        PAY,
        "            busy = {row.id for row in await tx.fetch(sql.SESSIONS",
        "            busy or {row.id for row in await tx.fetch(sql.SESSIONS",
        REQUESTS,
        TURNS,
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
        ENDS,
        "    captured = [session for session in locked.ended if session.status == Status.CAPTURED]\n",
        "    captured = [session for session in locked.ended[1:] if session.status == Status.CAPTURED]\n",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund is missing in the ledger",
        REFUNDS,
        "            await tx.send(sql.PAY_BACK, ledger)\n",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund is not counted",
        REFUNDS,
        '            await tx.send(sql.COUNT_REFUNDS, columns(changed, "id", "refunded_amount"))\n',
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund that is asked for again is paid again",
        REFUNDS,
        "        if known.refund.status != RefundStatus.PENDING:\n            return known.refund\n",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund of one id may have another amount",
        REFUNDS,
        "if (known.refund.session_id, known.refund.amount) != (asked.session_id, asked.amount):",
        "if known.refund.session_id != asked.session_id:",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a session of one id may have another amount",
        CREATE,
        "same = (session.payment_id, session.amount, session.currency, session.expires_at) == command.facts\n",
        "same = (session.payment_id, session.currency) == command.facts[::2]\n",
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
        ENDS,
        "        return self._end(ended, [Telling(event)] if event else [])",
        "        return self._end(ended, [])",
        REQUESTS,
        LIFE,
    ),
    Mutant(
        "nobody is told of a refund",
        REFUNDS,
        "        await self._deliveries.append(tx, told)\n",
        "",
        REQUESTS,
        SENT,
    ),
)
