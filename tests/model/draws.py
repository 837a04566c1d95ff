"""What random steps are drawn from: shows, times, users, seats, requests and jobs."""

from hypothesis import strategies as st

from services.bank.domain.scenarios import SCENARIOS
from tests.model import facts, world
from tests.model.asking import USERS
from tests.model.money import COUPONS, PRICES

HOUR = 3600
SHOWS = (
    (40 * 60, 40 * 60),
    (40 * 60, 16 * 60),
    (3 * HOUR, 3 * HOUR),
    (24 * HOUR + 600, 24 * HOUR + 600),
    (24 * HOUR + 600, 30 * 60),
)
"""In how long a show begins, and its sales end."""
JUMPS = (30, 120, 299, 300, 480, 779, 800, 900, 1200)
SHIFTS = (-23, -1, 1, 1, 24)
"""By how many hours a show is rescheduled."""
WAITS = (0, 0, 30, 299)
LATES = (779, 900, 900, 1200)
TICKS = (
    *("webhooks", "bank", "poll", "payment relay", "booking relay", "expire", "sweep", "recover", "refunds"),
    *("clear", "follow", "tidy"),
)

users = st.integers(0, len(USERS) - 1)
seats = st.frozensets(st.integers(0, world.SEATS - 1), min_size=1, max_size=facts.CAP + 1)
places = st.integers(1, facts.PLACES)
replicas = st.sampled_from(world.REPLICAS)
numbers = st.integers(0, 9)
lasts = st.sampled_from((30, 299, 299))
waits, lates = st.sampled_from(WAITS), st.sampled_from(LATES)
keys = st.sampled_from(("", "k1", "k2"))
methods = st.sampled_from(("pm_succeed", "pm_succeed", "pm_reorder", *SCENARIOS))
paid = st.sampled_from(("pm_succeed", "pm_succeed", "pm_reorder", "pm_duplicate"))
"""By which money comes, and is told of."""
ticks = st.sampled_from(TICKS)
coupons = st.sampled_from(("", "FREE", *COUPONS))
prices = st.sampled_from(PRICES)
shares = st.sampled_from((0, 0, 33, 50, 100))
"""What organizers give back, in per cent; 0: the customer asks, and the time decides."""
counts = st.integers(0, 2)
"""How many seats are given back; 0: all that are left."""
rivals = st.sampled_from(("", "", "hold", "hold", "block", "use"))
"""What somebody does while a payment is under way: holds a seat, blocks it, or uses the coupon."""
codes = st.sampled_from(("", facts.CODE, facts.CODE, facts.CODE, "ENEMIES"))
ways = st.sampled_from(("hold", "book", "both"))
"""By which blocked seats are taken by a code."""
shifts = st.sampled_from(SHIFTS)
kinds = st.sampled_from(
    (
        *("hold", "extend_holds", "release_holds", "book", "initiate", "pay", "cancel", "refund", "grant", "tick"),
        *("set_prices", "block", "unblock", "reschedule", "book_guests", "revoke_code"),
    )
)
moves = st.tuples(kinds, users, seats, keys, numbers, methods, ticks, replicas, coupons)
