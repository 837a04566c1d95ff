"""A walk through a booking's life, as shell commands to paste: curl, and python3 to pick ids out of answers."""

from __future__ import annotations

from typing import NamedTuple

_JSON = "-H 'content-type: application/json'"
_PRETTY = "python3 -m json.tool"


class Step(NamedTuple):
    """One command, on one line, and what it is for. Later steps use shell variables that earlier ones set."""

    title: str
    command: str


def walk(public_url: str, show_id: str, *, takes_token: bool = False) -> list[Step]:
    """Return the walk for a stack at `public_url` and a show of it that starts in 24 hours or more.

    Where calls take a token, it is an admin's and in the shell's variable TOKEN.

    The users are new each time, so the walk can be pasted as often as one likes.
    """
    api = f"{public_url}/api/v1"
    steps = [
        Step("Where, which show, and two users", f"API={api} SHOW={show_id} ALICE=$({_uuid()}) BOB=$({_uuid()})"),
        Step("What is on", f'curl -sS "$API/shows?pageSize=5" | {_PRETTY}'),
        Step("The show's seats, counted", _count_seats()),
        Step("Pick two free seats", f'SEATS=$(curl -sS "$API/seats/shows/$SHOW/available" | {_first_seats()})'),
        Step("Alice holds them", f"{_post('bookings/hold-seats', _seats('ALICE'))} | {_PRETTY}"),
        Step("Bob is refused: 409", f"{_post('bookings/hold-seats', _seats('BOB'))} -w '\\nHTTP %{{http_code}}\\n'"),
        Step("Alice books them", f'BOOKING=$({_post("bookings", _seats("ALICE"))} | {_pick("id")}); echo "$BOOKING"'),
        Step(
            "She begins to pay",
            f"SESSION=$({_post('payments/initiate', _body(bookingId='BOOKING', userId='ALICE'))}"
            f' | {_pick("sessionId")}); echo "$SESSION"',
        ),
        Step(
            "The bank takes the money", f"{_post('payments/simulate/$SESSION', _text('result', 'SUCCESS'))} | {_PRETTY}"
        ),
        Step("Her booking is confirmed", _until("CONFIRMED")),
        Step("Her ticket", f'curl -sS "$API/bookings/$BOOKING" | {_PRETTY}'),
        Step("She gives it back", f"{_post('payments/refund/$BOOKING', _body(userId='ALICE'))} | {_PRETTY}"),
        Step("Her money is back", _until("REFUNDED")),
        Step("The seats are on sale again", _count_seats()),
    ]
    if not takes_token:
        return steps
    curl = 'curl -sS -H "authorization: Bearer $TOKEN"'
    return [step._replace(command=step.command.replace("curl -sS", curl)) for step in steps]


def render(steps: list[Step]) -> str:
    """Return the walk as text to paste, titles as comments."""
    return "\n".join(f"# {step.title}\n{step.command}" for step in steps)


def _post(path: str, body: str) -> str:
    return f'curl -sS "$API/{path}" {_JSON} -d "{body}"'


def _body(**variables: str) -> str:
    """Return a JSON object of shell variables, for use in double quotes."""
    return "{" + ",".join(f'\\"{name}\\":\\"${variable}\\"' for name, variable in variables.items()) + "}"


def _text(name: str, value: str) -> str:
    return f'{{\\"{name}\\":\\"{value}\\"}}'


def _seats(user: str) -> str:
    return _body(showId="SHOW", userId=user)[:-1] + ',\\"showSeatIds\\":$SEATS}'


def _python(code: str) -> str:
    return f"python3 -c '{code}'"


def _uuid() -> str:
    return _python("import uuid; print(uuid.uuid4())")


def _pick(name: str) -> str:
    """Print one field of the answer, or the whole answer if it lacks it: then it says what went wrong."""
    return _python(f'import json, sys; answer = json.load(sys.stdin); print(answer.get("{name}") or sys.exit(answer))')


def _first_seats() -> str:
    return _python('import json, sys; print(json.dumps([s["id"] for s in json.load(sys.stdin)["seats"][:2]]))')


def _count_seats() -> str:
    return f'curl -sS "$API/seats/shows/$SHOW?userId=$ALICE" | {_pick("summary")}'


def _until(status: str) -> str:
    seen = _python(
        f'import json, sys; status = json.load(sys.stdin)["status"]; print(status); sys.exit(status != "{status}")'
    )
    return f'until curl -sS "$API/bookings/$BOOKING" | {seen}; do sleep 0.2; done'
