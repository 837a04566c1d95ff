"""Test behaviours: what comes of a payment that is made with each, as with the test cards of a real gateway.

A scenario is data: the end that a session comes to and when, the webhooks that tell of it, and how later refunds fare.
docs/sandbox.md tells of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from services.bank.domain.events import WebhookEvent, of_session
from services.bank.domain.sessions import Method, RefundStatus, Session, SessionStatus


class Awaits(StrEnum):
    """Whom an open session waits for."""

    CODE = "CODE"
    """The customer, who is to enter the code that their bank has sent them (3-D Secure)."""
    APPROVAL = "APPROVAL"
    """The customer, who is to approve the request in their UPI app."""
    BANK = "BANK"
    """The customer's bank."""


class Lie(StrEnum):
    """What an event names instead of the truth."""

    AMOUNT = "AMOUNT"
    """A smaller amount."""
    PAYMENT = "PAYMENT"
    """Another customer's payment, with this session."""
    SESSION = "SESSION"
    """Another customer's session, with this payment."""
    STRANGER = "STRANGER"
    """Another customer's payment, session and amount: only the bank's books show that it is not true."""


@dataclass(frozen=True, slots=True)
class PlannedWebhook:
    """Webhooks of one event that come of a payment. Those of equal events carry the same id."""

    end: SessionStatus | None = None
    """What is told that the session came to; None: the truth."""
    times: int = 1
    """How many there are, all at once."""
    after_seconds: float = 0
    delayed: bool = False
    """Whether they wait for as long as BANK_DELAY_SECONDS says."""
    lie: Lie | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """What comes of a payment."""

    about: str
    """What the checkout page says of it."""
    gives: str = ""
    """What the customer gives on the page: a test card, a UPI ID, the name of a bank."""
    end: SessionStatus = SessionStatus.CAPTURED
    declines_first: bool = False
    """Whether it is declined where no payment for the same order was declined before."""
    method: Method | None = None
    """What is paid with; None: whatever was chosen."""
    asks_code: bool = False
    """Whether the end comes only with the customer's code; until then the session can be paid in another way."""
    seconds: float = 0
    """How long the payment is under way until its end; meanwhile the session stays OPEN."""
    under_way: bool = False
    """Whether that is as long as BANK_DELAY_SECONDS says."""
    webhooks: Sequence[PlannedWebhook] = (PlannedWebhook(),)
    failing_refunds: int = 0
    """How often each refund fails before it is carried out."""
    refunds_declined: bool = False
    """Whether refunds are declined for good."""
    when_declined: str = "The payment was declined, and no money was taken."
    """What the checkout page says then."""

    def wait(self, delay: timedelta) -> timedelta:
        """Return how long a payment is under way; `delay` is how long a slow one is."""
        return delay if self.under_way else timedelta(seconds=self.seconds)

    def outcome(self, *, declined_before: bool) -> SessionStatus:
        """Return the end of a payment."""
        return SessionStatus.DECLINED if self.declines_first and not declined_before else self.end

    def refund_outcome(self, failures: int) -> RefundStatus:
        """Return what becomes of a refund that has failed so often; PENDING: it fails again."""
        if failures < self.failing_refunds:
            return RefundStatus.PENDING
        return RefundStatus.DECLINED if self.refunds_declined else RefundStatus.SUCCEEDED


CODE = "123456"
"""The code that every customer's bank has sent them."""

APP_SECONDS = 3.0
"""How long customers take to answer in their UPI app."""

COLLECT_SECONDS = 60.0
"""How long a request waits in a UPI app for its approval, before it lapses."""

SUCCEED = "pm_succeed"
DECLINE = "pm_decline"

_FALSE_ENDS = (PlannedWebhook(SessionStatus.DECLINED), PlannedWebhook(SessionStatus.EXPIRED))

SCENARIOS: Mapping[str, Scenario] = {
    SUCCEED: Scenario("Pays at once"),
    DECLINE: Scenario("Is declined", end=SessionStatus.DECLINED),
    "pm_decline_then_succeed": Scenario("Is declined the first time, pays the next", declines_first=True),
    "pm_never_answer": Scenario("Pays, but no webhook ever tells", webhooks=()),
    "pm_duplicate": Scenario(
        "Pays, and the webhook comes four times", webhooks=(PlannedWebhook(times=3), PlannedWebhook(after_seconds=1))
    ),
    "pm_reorder": Scenario(
        "Pays, between webhooks that say it was declined and expired",
        webhooks=(
            *_FALSE_ENDS,
            PlannedWebhook(after_seconds=0.5),
            *(replace(planned, after_seconds=1) for planned in _FALSE_ENDS),
        ),
    ),
    "pm_delay": Scenario(
        "Pays, and the webhook comes after the booking's time", webhooks=(PlannedWebhook(delayed=True),)
    ),
    "pm_late": Scenario("Is under way until after the booking's time, then pays", under_way=True),
    "pm_tamper_amount": Scenario(
        "Pays, but the webhook names a smaller amount", webhooks=(PlannedWebhook(lie=Lie.AMOUNT),)
    ),
    "pm_tamper_payment": Scenario(
        "Pays, but the webhooks name somebody else's payment",
        webhooks=(PlannedWebhook(lie=Lie.PAYMENT), PlannedWebhook(lie=Lie.SESSION), PlannedWebhook(lie=Lie.STRANGER)),
    ),
    "pm_fail_refund_1": Scenario("Pays; a refund fails once before it works", failing_refunds=1),
    "pm_fail_refund_3": Scenario("Pays; a refund fails three times before it works", failing_refunds=3),
    "pm_refund_declined": Scenario("Pays; refunds are declined for good", refunds_declined=True),
    "card_succeed": Scenario("Pays at once", "4111 1111 1111 1111", method=Method.CARD),
    "card_3ds": Scenario("Asks for a code, then pays", "4000 0000 0000 3220", method=Method.CARD, asks_code=True),
    "card_decline": Scenario("Is declined", "4000 0000 0000 0002", method=Method.CARD, end=SessionStatus.DECLINED),
    "upi_succeed": Scenario("Is approved in the app", "pays@test", method=Method.UPI, seconds=APP_SECONDS),
    "upi_decline": Scenario(
        "Is declined in the app",
        "declines@test",
        method=Method.UPI,
        seconds=APP_SECONDS,
        end=SessionStatus.DECLINED,
        when_declined="The request was declined in your UPI app, and no money was taken.",
    ),
    "upi_silent": Scenario(
        "Is not answered in the app, and lapses after a minute",
        "silent@test",
        method=Method.UPI,
        seconds=COLLECT_SECONDS,
        end=SessionStatus.DECLINED,
        when_declined="Nobody approved the request in your UPI app in time, and no money was taken.",
    ),
    "netbanking_succeed": Scenario("Confirms at once", "First Test Bank", method=Method.NETBANKING),
    "netbanking_decline": Scenario(
        "Declines", "Strict Test Bank", method=Method.NETBANKING, end=SessionStatus.DECLINED
    ),
    "netbanking_late": Scenario("Confirms late", "Slow Test Bank", method=Method.NETBANKING, under_way=True),
}
"""Every test behaviour."""


def awaits(session: Session) -> Awaits | None:
    """Tell whom a session waits for; None: nobody, it has ended or no payment has begun."""
    if session.status != SessionStatus.OPEN or session.payment_method is None:
        return None
    scenario = SCENARIOS.get(session.payment_method, _OF_A_LATER_VERSION)
    if session.decides_at is None:
        return Awaits.CODE if scenario.asks_code else None
    return Awaits.APPROVAL if scenario.method == Method.UPI else Awaits.BANK


_OF_A_LATER_VERSION = Scenario("")
"""In a roll, another process may have begun what is not known here."""


MIXES: Mapping[str, Sequence[tuple[float, str]]] = {
    "plain": ((0.90, SUCCEED), (0.10, DECLINE)),
    "mixed": (
        (0.80, SUCCEED),
        (0.08, DECLINE),
        (0.05, "pm_duplicate"),
        (0.03, "pm_reorder"),
        (0.01, "pm_never_answer"),
        (0.01, "pm_tamper_amount"),
        (0.01, "pm_tamper_payment"),
        (0.01, "pm_fail_refund_1"),
    ),
}
"""What is drawn from where nobody chooses: shares and test behaviours. All that these begin ends within a minute."""


def draw(mix: str, seed: str, session_id: str) -> str:
    """Choose a test behaviour where nobody does: the same mix, seed and session always come to the same."""
    number = int.from_bytes(sha256(f"{seed}:{session_id}".encode()).digest()[:8]) / 2**64
    for share, method in MIXES[mix]:
        if number < share:
            return method
        number -= share
    return MIXES[mix][0][1]


@dataclass(frozen=True, slots=True)
class Notification:
    """An event with its webhooks."""

    event: WebhookEvent
    delays_seconds: tuple[float, ...] = (0.0,)
    """When each of them is sent, from now on."""
    is_lie: bool = False
    """A lie is sent until somebody answers it, whatever the answer."""


def notifications(
    scenario: Scenario, ended: Session, stranger: Session, now: datetime, delay_seconds: float
) -> list[Notification]:
    """Return the webhooks of a session that a scenario brought to its end; `stranger` is for lies about others."""
    delays_by_event: dict[tuple[WebhookEvent, bool], list[float]] = {}
    for planned in scenario.webhooks:
        named = _named(planned.lie, ended, stranger)
        event = of_session(replace(named, status=planned.end or ended.status), now)
        assert event is not None, "scenarios come to ends that are told"
        event = replace(event, session_id=ended.id)
        delay = delay_seconds if planned.delayed else planned.after_seconds
        delays_by_event.setdefault((event, planned.lie is not None), []).extend([delay] * planned.times)
    return [Notification(event, tuple(delays), is_lie) for (event, is_lie), delays in delays_by_event.items()]


def _named(lie: Lie | None, ended: Session, stranger: Session) -> Session:
    match lie:
        case None:
            return ended
        case Lie.AMOUNT:
            return replace(ended, amount=ended.amount // 2 or 1)
        case Lie.PAYMENT:
            return replace(ended, payment_id=stranger.payment_id)
        case Lie.SESSION:
            return replace(ended, id=stranger.id)
        case Lie.STRANGER:
            return stranger
