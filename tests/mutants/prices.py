"""Bugs of list prices, of the prices that claims keep, and of blocks."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

RULES = ("tests/inventory/test_price_rules.py",)
BLOCKS = ("tests/inventory/test_blocks.py",)
SETTING = ("tests/inventory/test_set_prices.py",)

CODES = ("tests/inventory/test_access_codes.py",)
GUESTS = ("tests/booking/test_guests.py",)

MUTANTS = (
    Mutant(
        "a code gives more seats than it may",
        "Access.admits",
        "len(seats) <= self.left(code, now)",
        "0 <= self.left(code, now)",
        SEATS,
        CODES,
    ),
    Mutant(
        "what has lapsed is had by its code for ever",
        "Access.left",
        "sum(end is None or end > now for end in self.claims[code.id].values())",
        "len(self.claims[code.id])",
        SEATS,
        CODES,
    ),
    Mutant(
        "a late payment gets seats by a code that is revoked",
        "Access.admits_again",
        "right not in self.codes or self.codes[right].revoked_at is not None",
        "right not in self.codes",
        SEATS,
        CODES,
    ),
    Mutant(
        "a code opens seats that are blocked for another reason",
        "AccessCode.opens",
        "blocked_for == self.reason",
        "True",
        SEATS,
        CODES,
    ),
    Mutant(
        "codes may be guessed without end",
        "usable_code",
        "show.access.count(user_id, now)",
        "None",
        REQUESTS,
        CODES,
    ),
    Mutant(
        "a hold that has lapsed leaves its right to everybody",
        "_to_take",
        "seat.listed(show.prices[seat.tier]).by_right(code.id if code and seat.is_blocked else None)",
        "seat.listed(show.prices[seat.tier])",
        SEATS,
        CODES,
    ),
    Mutant(
        "guests count against the cap",
        "LockedShow.seats_of",
        "seat.is_claimed(now) and seat.right_id != GUEST",
        "seat.is_claimed(now)",
        REQUESTS,
        GUESTS,
    ),
    Mutant(
        "seats that are for sale are given to guests",
        "for_guests",
        "if open_to_all := [seat.id for seat in seats if not seat.is_blocked]:\n    raise SeatsNotBlocked(open_to_all)",
        "",
        SEATS,
        GUESTS,
    ),
    Mutant(
        "a free seat costs what its row says",
        "LockedShow.priced",
        "seat if seat.is_claimed(now) else seat.listed(self.prices[seat.tier])",
        "seat",
        MONEY,
        RULES,
    ),
    Mutant(
        "a held seat costs what the list says",
        "LockedShow.priced",
        "seat if seat.is_claimed(now) else seat.listed(self.prices[seat.tier])",
        "seat.listed(self.prices[seat.tier])",
        MONEY,
        RULES,
    ),
    Mutant(
        "a late payment buys at the price of today",
        "Confirm.apply",
        "map(known.priced, seats)",
        "[show.priced(seat, now) for seat in seats]",
        MONEY,
        RULES,
    ),
    Mutant(
        "a list is set without a number",
        "ChangeSeats.write",
        "seats or listed",
        "seats",
        REQUESTS,
        SETTING,
    ),
    Mutant(
        "maps keep the list that they were read with",
        "Availability._advance",
        "last.prices_version != kept.prices.version",
        "False",
        REQUESTS,
        SETTING,
    ),
    Mutant(
        "a list may be one too high",
        "SetPrices._check",
        "price.price > (limit := dearest(show.multipliers, price.tier, highest))",
        "price.price > (limit := dearest(show.multipliers, price.tier, highest)) + 1",
        MONEY,
        SETTING,
    ),
    Mutant(
        "a claim that ends frees a blocked seat",
        "Seat.freed",
        "SeatStatus.BLOCKED if self.is_blocked else SeatStatus.AVAILABLE",
        "SeatStatus.AVAILABLE",
        SEATS,
        BLOCKS,
    ),
    Mutant(
        "a late payment gets a blocked seat",
        "Confirm._may_revive",
        "has_rights = show.access.admits_again(rights, now)",
        "has_rights = True",
        SEATS,
        BLOCKS,
    ),
    Mutant(
        "a lapsed claim shows its blocked seat as free",
        "Seat.status_at",
        "SeatStatus.BLOCKED if self.is_blocked else SeatStatus.AVAILABLE",
        "SeatStatus.AVAILABLE",
        SEATS,
        BLOCKS,
    ),
    Mutant(
        "a lapsed hold is quoted at its price",
        "price_seats",
        "seat.is_held_by(user_id, show.now)",
        "seat.holder_id == user_id",
        MONEY,
        SETTING,
    ),
)
