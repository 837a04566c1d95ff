"""Bugs of payment: how money goes back, and which webhooks are believed."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

TURNS = ("tests/payment/test_payment_turns.py",)
RULES = ("tests/payment/test_payment_domain.py", "tests/payment/test_payment_webhooks.py")
HEARD = ("tests/payment/test_payment_webhooks.py",)
ATTACKS = ("tests/payment/test_payment_webhook_attacks.py",)
DISPUTES = ("tests/payment/test_disputes.py",)
RETURNED = ("tests/payment/test_payment_refunds.py",)
OUTBOX = ("tests/payment/test_payment_outbox.py",)

MUTANTS = (
    Mutant(
        "refunds may exceed the capture",
        "accept",
        "sum((refund.amount for refund in known)) + asked.amount",
        "asked.amount",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "a capture cannot come back whole",
        "accept",
        "sum((refund.amount for refund in known)) + asked.amount > payment.amount",
        "sum((refund.amount for refund in known)) + asked.amount >= payment.amount",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "a cause may be refunded twice",
        "accept",
        "asked.refund_id is None and refund.cause == asked.cause",
        "False",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "a part may be refunded twice",
        "accept",
        "refund.id == asked.refund_id",
        "False",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "a known refund may have another amount",
        "accept",
        "if refund.amount != asked.amount:\n    raise RefundMismatch()",
        "",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "what was not taken is given back",
        "accept",
        "if payment.state not in CAPTURED:\n    raise PaymentNotCaptured()",
        "",
        MONEY,
        (*RULES[:1], *RETURNED),
    ),
    Mutant(
        "the events of a refund are not kept",
        "record",
        "columns([event], 'id', 'type')",
        "columns([event][:0], 'id', 'type')",
        REQUESTS,
        TURNS,
    ),
    Mutant(
        "a refund is counted each time it is told",
        "SUCCEED",
        "WHERE id = %(id)s AND state <> 'SUCCEEDED'",
        "WHERE id = %(id)s",
        MONEY,
        (*RETURNED, *HEARD),
    ),
    Mutant(
        "a refund that was carried out is stuck afterwards",
        "STICK",
        "WHERE id = %(id)s AND state = 'REQUESTED'",
        "WHERE id = %(id)s",
        MONEY,
        (*OUTBOX, *RETURNED),
    ),
    Mutant(
        "the word of a refund with another amount is believed",
        "named",
        "raise EventMismatch()",
        "pass",
        MONEY,
        HEARD,
    ),
    Mutant(
        "a refund that is under way passes for carried out",
        "Refunds._carried",
        "answer == RefundAnswer.PENDING",
        "not answer",
        MONEY,
        RETURNED,
    ),
    Mutant(
        "the word of a refund is believed without the bank",
        "Refunds.settle_report",
        "refund.state != RefundState.SUCCEEDED",
        "not refund.state",
        MONEY,
        TURNS,
    ),
    Mutant(
        "a refund that failed once is stuck",
        "BankClient.refund",
        "if refusal.reason not in _FINAL_REFUSALS:\n    raise _defect(refusal) from refusal",
        "",
        MONEY,
        RETURNED,
    ),
    Mutant(
        "a refund that was declined passes for carried out",
        "BankClient.refund",
        "raise RefundDeclined('declined')",
        "return RefundAnswer.SUCCEEDED",
        MONEY,
        RETURNED,
    ),
    Mutant(
        "a refund that failed is made again though nobody has said so",
        "Razorpay.refund",
        "failed > refund.redriven",
        "False",
        MONEY,
        ("tests/payment/test_razorpay_refunds.py",),
    ),
    Mutant(
        "a refund after a lost dispute is paid again",
        "way",
        "return Way.BY_DISPUTE",
        "return Way.PAY",
        MONEY,
        DISPUTES,
    ),
    Mutant(
        "a refund does not wait for a dispute",
        "way",
        "return Way.WAIT",
        "return Way.PAY",
        MONEY,
        DISPUTES,
    ),
    Mutant(
        "a dispute that has ended is open again",
        "has_news",
        "known.state == DisputeState.OPEN and (report.state, report.amount) != (known.state, known.amount)",
        "(report.state, report.amount) != (known.state, known.amount)",
        MONEY,
        DISPUTES,
    ),
    Mutant(
        "signatures are not checked",
        "Signatures.check",
        "webhook.verify(body, signed, json_parse=False)",
        "body.decode()",
        MONEY,
        ATTACKS,
    ),
    Mutant(
        "an old signature is good for ever",
        "Signatures.__init__",
        "self._webhooks = [Webhook(secret) for secret in secrets]",
        "from datetime import UTC, datetime\n"
        "self._webhooks = [Webhook(secret) for secret in secrets]\n"
        "for webhook in self._webhooks:\n"
        "    webhook._Webhook__verify_timestamp = lambda told: datetime.fromtimestamp(float(told), UTC)",
        MONEY,
        ATTACKS,
    ),
    Mutant(
        "only the newest secret is good",
        "Signatures.check",
        "for webhook in self._webhooks:\n    ...",
        "for webhook in self._webhooks[:1]:\n    ...",
        REQUESTS,
        ATTACKS,
    ),
    Mutant(
        "a body of any size is looked at",
        "Signatures.check",
        "len(body) > MAX_BODY_BYTES",
        "len(body) > 100 * MAX_BODY_BYTES",
        REQUESTS,
        ATTACKS,
    ),
    Mutant(
        "hostile headers make the check stumble",
        "Signatures.check",
        "(WebhookVerificationError, ValueError)",
        "WebhookVerificationError",
        REQUESTS,
        ATTACKS,
    ),
)
