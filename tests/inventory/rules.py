"""The rules that tests of seats go by."""

from datetime import timedelta

from services.inventory.seats.domain import SeatRules

RULES = SeatRules(
    max_seats_per_user=6,
    hold=timedelta(minutes=5),
    hold_max=timedelta(minutes=15),
    reservation_max=timedelta(minutes=30),
    hold_budget_minutes=240,
    hold_window=timedelta(hours=6),
)
TTL = timedelta(minutes=15)
