"""Bugs of payment: how money goes back, and which webhooks are believed."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

REFUNDS = "services/payment/domain/refunds.py"
REFUND_SQL = "services/payment/queries/refunds.py"
REFUND_SCRIPT = "services/payment/operations/refunds.py"
CARRY_OUT = "services/payment/saga/refunds.py"
CLIENTS = "services/payment/clients.py"
WEBHOOKS = "services/payment/rpc/webhooks.py"

TURNS = ("tests/payment/test_payment_turns.py",)
RULES = ("tests/payment/test_payment_domain.py", "tests/payment/test_payment_webhooks.py")
HEARD = ("tests/payment/test_payment_webhooks.py",)
ATTACKS = ("tests/payment/test_payment_webhook_attacks.py",)
RETURNED = ("tests/payment/test_payment_refunds.py",)
OUTBOX = ("tests/payment/test_payment_outbox.py",)

MUTANTS = (
    Mutant(
        "refunds may exceed the capture",
        REFUNDS,
        "    if sum(refund.amount for refund in known) + asked.amount > payment.amount:",
        "    if asked.amount > payment.amount:",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "a capture cannot come back whole",
        REFUNDS,
        "+ asked.amount > payment.amount:",
        "+ asked.amount >= payment.amount:",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "a cause may be refunded twice",
        REFUNDS,
        "        if refund.cause == asked.cause:",
        "        if refund.id == new_id:",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "a known refund may have another amount",
        REFUNDS,
        "            if refund.amount != asked.amount:\n                raise RefundMismatch()\n",
        "",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "what was not taken is given back",
        REFUNDS,
        "    if payment.state not in CAPTURED:\n        raise PaymentNotCaptured()\n",
        "",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "the events of a refund are not kept",
        REFUND_SCRIPT,
        "columns([event]",
        "columns([event][:0]",
        REQUESTS,
        TURNS,
    ),
    Mutant(
        "a refund is counted each time it is told",
        REFUND_SQL,
        "        WHERE id = %(id)s AND state <> 'SUCCEEDED'\n",
        "        WHERE id = %(id)s\n",
        MONEY,
        (*RETURNED, *HEARD),
    ),
    Mutant(
        "a refund that was carried out is stuck afterwards",
        REFUND_SQL,
        "    WHERE id = %(id)s AND state = 'REQUESTED'\n",
        "    WHERE id = %(id)s\n",
        MONEY,
        (*OUTBOX, *RETURNED),
    ),
    Mutant(
        "the word of a refund with another amount is believed",
        REFUND_SCRIPT,
        "    ):\n        raise EventMismatch()\n",
        "    ):\n        pass\n",
        MONEY,
        HEARD,
    ),
    Mutant(
        "a refund that is under way passes for carried out",
        CARRY_OUT,
        "            if await self._bank.refund(refund, seconds) == RefundAnswer.PENDING:",
        "            if not await self._bank.refund(refund, seconds):",
        MONEY,
        RETURNED,
    ),
    Mutant(
        "the word of a refund is believed without the bank",
        CARRY_OUT,
        "        if refund.state != RefundState.SUCCEEDED:\n",
        "        if not refund.state:\n",
        MONEY,
        TURNS,
    ),
    Mutant(
        "a refund that failed once is stuck",
        CLIENTS,
        "            if refusal.reason not in _FINAL_REFUSALS:\n                raise _defect(refusal) from refusal\n",
        "",
        MONEY,
        RETURNED,
    ),
    Mutant(
        "a refund that was declined passes for carried out",
        CLIENTS,
        '            raise RefundDeclined("declined")',
        "            return RefundAnswer.SUCCEEDED",
        MONEY,
        RETURNED,
    ),
    Mutant(
        "signatures are not checked",
        WEBHOOKS,
        "                webhook.verify(body, signed, json_parse=False)",
        "                body.decode()",
        MONEY,
        ATTACKS,
    ),
    Mutant(
        "an old signature is good for ever",
        WEBHOOKS,
        "        self._webhooks = [Webhook(secret) for secret in secrets]\n",
        "        from datetime import UTC, datetime\n\n"
        "        self._webhooks = [Webhook(secret) for secret in secrets]\n"
        "        for webhook in self._webhooks:\n"
        "            webhook._Webhook__verify_timestamp = lambda told: datetime.fromtimestamp(float(told), UTC)\n",
        MONEY,
        ATTACKS,
    ),
    Mutant(
        "only the newest secret is good",
        WEBHOOKS,
        "        for webhook in self._webhooks:\n",
        "        for webhook in self._webhooks[:1]:\n",
        REQUESTS,
        ATTACKS,
    ),
    Mutant(
        "a body of any size is looked at",
        WEBHOOKS,
        "        if len(body) > MAX_BODY_BYTES:",
        "        if len(body) > 100 * MAX_BODY_BYTES:",
        REQUESTS,
        ATTACKS,
    ),
    Mutant(
        "hostile headers make the check stumble",
        WEBHOOKS,
        "            except (WebhookVerificationError, ValueError):",
        "            except WebhookVerificationError:",
        REQUESTS,
        ATTACKS,
    ),
)
