"""How the story is written. That it is played is in test_verbs."""

import io

import pytest

from stack.story import LOOKS, StoryPage, in_colour

SEATS = {
    "seats": [
        {"section": "Stalls", "row": row, "number": number, "status": status}
        for row in "AB"
        for number, status in enumerate(LOOKS, 1)
    ]
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_and_for_those_who_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert in_colour(Terminal())
    assert not in_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not in_colour(Terminal())


@pytest.mark.parametrize("colour", [True, False])
def test_the_seat_map_can_be_read_with_colour_and_without(colour: bool) -> None:
    out = io.StringIO()
    StoryPage(out, colour).seats(SEATS, "Alice")
    assert ("\033[" in out.getvalue()) == colour
    rows = [line for line in out.getvalue().splitlines() if "Stalls" in line]
    assert len(rows) == 2
    for sign, _, meaning in LOOKS.values():
        assert all(f" {sign} " in row for row in rows)
        assert meaning in out.getvalue()
