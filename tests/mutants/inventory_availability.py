"""Bugs of seat maps: what somebody is shown who looks for seats."""

from tests.mutants.mutant import REQUESTS, Mutant

SEAT_MAP = "services/inventory/domain/seat_map.py"
KEPT = "services/inventory/operations/availability.py"
LOOK = ("tests/inventory/test_availability.py",)

MUTANTS = (
    Mutant(
        "changes that are missing are not missed",
        KEPT,
        "len(changes) != last.show_sequence - kept.sequence or ",
        "",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a clock that went back is believed",
        KEPT,
        " or last.now < kept.now:",
        ":",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a show that is gone is shown as it was",
        KEPT,
        "        for show_id in set(asked) - found.keys():",
        "        found |= {show_id: self._kept[show_id] for show_id in known.keys() - found.keys()}\n"
        "        for show_id in set(asked) - found.keys():",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "lapsed holds are shown as held",
        SEAT_MAP,
        "while self._lapses and self._lapses[0][0] <= now:",
        "while False:",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a map is shown as it was before the change",
        SEAT_MAP,
        "        self._everybodys.clear()\n        seat = self._seats[index]",
        "        seat = self._seats[index]",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a hold that has ended stays its holder's",
        SEAT_MAP,
        "            claimed.discard(index)",
        "            pass",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a seat that is not for sale is shown as free",
        SEAT_MAP,
        "if seat.is_free(self.now) else Status(seat.status)",
        "if not seat.is_claimed(self.now) else Status(seat.status)",
        REQUESTS,
        LOOK,
    ),
)
