"""Bugs of seat maps: what somebody is shown who looks for seats."""

from tests.mutants.mutant import REQUESTS, Mutant

LOOK = ("tests/inventory/test_availability.py",)

MUTANTS = (
    Mutant(
        "changes that are missing are not missed",
        "Availability._advance",
        "kept is None or len(changes) != last.show_sequence - kept.sequence or last.now < kept.now",
        "kept is None or last.now < kept.now",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a clock that went back is believed",
        "Availability._advance",
        "kept is None or len(changes) != last.show_sequence - kept.sequence or last.now < kept.now",
        "kept is None or len(changes) != last.show_sequence - kept.sequence",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a show that is gone is shown as it was",
        "Availability._refresh",
        "if known:\n    ...",
        "if known:\n    ...\nfound |= {show_id: self._kept[show_id] for show_id in known.keys() - found.keys()}",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "lapsed holds are shown as held",
        "SeatMap.advance",
        "self._lapses and self._lapses[0][0] <= now",
        "False",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a map is shown as it was before the change",
        "SeatMap._judge",
        "self._everybodys.clear()",
        "",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a hold that has ended stays its holder's",
        "SeatMap._let_go",
        "claimed.discard(index)",
        "pass",
        REQUESTS,
        LOOK,
    ),
    Mutant(
        "a seat that is not for sale is shown as free",
        "SeatMap._judge",
        "seat.status_at(self.now)",
        "SeatStatus(seat.status) if seat.is_claimed(self.now) else SeatStatus.AVAILABLE",
        REQUESTS,
        LOOK,
    ),
)
