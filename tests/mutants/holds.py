"""Bugs of holds: how long they last in all, and what those cost that nobody books."""

from tests.mutants.mutant import SEATS, Mutant

RULES = ("tests/inventory/test_hold_rules.py",)
HOLDS = ("tests/inventory/test_holds.py",)

MUTANTS = (
    Mutant(
        "a hold is extended without end",
        "ExtendHolds.apply",
        "min(now + rules.hold, held_at + rules.hold_max)",
        "now + rules.hold",
        SEATS,
        RULES,
    ),
    Mutant(
        "an extension begins a new life",
        "ExtendHolds.apply",
        "replace(seat, held_at=held_at, expires_at=until)",
        "replace(seat, held_at=now, expires_at=until)",
        SEATS,
        RULES,
    ),
    Mutant(
        "an extension may shorten",
        "ExtendHolds.apply",
        "max(seat.expires_at, show.until(min(now + rules.hold, held_at + rules.hold_max)))",
        "show.until(min(now + rules.hold, held_at + rules.hold_max))",
        SEATS,
        RULES,
    ),
    Mutant(
        "some seats are extended though others are not held",
        "ExtendHolds.apply",
        "not ids or (others := set(ids) - {seat.id for seat in held})",
        "not held or not (others := set(ids)) & {seat.id for seat in held}",
        SEATS,
        RULES,
    ),
    Mutant(
        "all is released though some seats are named",
        "ReleaseHolds.apply",
        "not self.some or seat.id in self.seat_ids",
        "True",
        SEATS,
        HOLDS,
    ),
    Mutant(
        "holding for ever is not refused",
        "Hold.apply",
        "more and show.minutes_held(self.user_id, now, rules) >= rules.hold_budget_minutes",
        "False",
        SEATS,
        RULES,
    ),
    Mutant(
        "a lapsed hold that is taken costs nothing",
        "LockedShow.take",
        "lapsed.status == SeatStatus.HELD and not lapsed.is_claimed(now)",
        "False",
        SEATS,
        RULES,
    ),
    Mutant(
        "a hold that is booked costs",
        "LockedShow.take",
        "lapsed.status == SeatStatus.HELD and not lapsed.is_claimed(now)",
        "lapsed.status == SeatStatus.HELD",
        SEATS,
        HOLDS,
    ),
    Mutant(
        "a lapsed hold counts when it is cleared only",
        "LockedShow.minutes_held",
        "(*known, *lapsed)",
        "known",
        SEATS,
        RULES,
    ),
    Mutant(
        "windows that are over count",
        "LockedShow.minutes_held",
        "spent.window_began_at == window",
        "True",
        SEATS,
        RULES,
    ),
    Mutant(
        "what is held in vain is written over",
        "ADD_UNBOOKED_HOLDS",
        "CASE WHEN u.window_began_at = excluded.window_began_at THEN u.minutes ELSE 0 END + excluded.minutes",
        "excluded.minutes",
        SEATS,
        HOLDS,
    ),
    Mutant(
        "holds that have lapsed are listed",
        "HOLDS",
        "AND s.expires_at > clock.now",
        "",
        SEATS,
        HOLDS,
    ),
)
