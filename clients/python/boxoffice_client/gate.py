"""A gate: it lets people in to a show, with a connection and without.

    from boxoffice_client import Client
    from boxoffice_client.gate import Gate

    with Client("http://127.0.0.1:8001") as boxoffice, Gate(boxoffice, credential, show_id, folder) as gate:
        gate.refresh()  # now and then, while there is a connection: it needs a good list to go on without one
        while code := read():
            scan = gate.scan(code)
            print("in" if scan.came_in else scan.result)
        gate.sync()  # once there is a connection again

What it decides is on disk before anybody is let in, so that a gate that dies and comes back lets no ticket in twice.
The folder is this gate's alone, for this show; no code is in it, only hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import grpc
from boxoffice.booking.v1 import admissions_pb2 as pb
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.timestamp_pb2 import Timestamp

from boxoffice_client.client import Client
from boxoffice_client.errors import BoxofficeError

ONLINE_SECONDS = 2.0
"""How long a scan waits for an answer before the gate decides by itself."""

SYNCED_AT_ONCE = 100

CODE_LENGTH = 122

AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED)


@dataclass(frozen=True)
class Scan:
    """What a scan came to."""

    key: str
    came_in: bool
    result: str
    """ADMITTED, or why not: a name of Scan.Result."""
    is_offline: bool
    seat_label: str = ""
    answer: pb.CheckIn | None = None
    """What the server said; None: the gate decided by itself."""


@dataclass(frozen=True)
class _Decided:
    """What the gate has decided by itself, as the journal has it."""

    key: str
    code_hash: str
    ticket_id: str
    revision: int
    gate_time: float
    came_in: bool
    result: str


class DoorList:
    """The list by which a gate decides without a connection; it is whole, or there is none."""

    def __init__(self, head: pb.DoorListPart.Head, tickets: Iterable[pb.DoorListPart.Ticket], asked_at: float) -> None:
        """`asked_at`: when it was asked for, by the gate's clock, from which it counts how old it is."""
        self.head = head
        self.tickets = {ticket.code_hash: ticket for ticket in tickets}
        self.asked_at = asked_at
        self.asked_on: float | None = None
        """The same by a clock that nobody can set (time.monotonic); None: an earlier process asked."""

    @classmethod
    def of(cls, parts: Iterable[pb.DoorListPart], asked_at: float) -> DoorList:
        """Put a list together; raise ValueError where it was cut off."""
        head: pb.DoorListPart.Head | None = None
        tickets: list[pb.DoorListPart.Ticket] = []
        for part in parts:
            if part.HasField("head"):
                head = part.head
            tickets.extend(part.tickets)
            if part.HasField("end") and head is not None and part.end.tickets == len(tickets):
                return cls(head, tickets, asked_at)
        raise ValueError("the door list was cut off: ask for it again")

    def is_good(self, now: float) -> bool:
        """Tell whether it may be used. A clock that was set back says nothing of its age."""
        age = 0.0 if self.asked_on is None else time.monotonic() - self.asked_on
        return now - self.asked_at >= 0 and max(now - self.asked_at, age) < self.head.good_for_seconds

    def judge(self, ticket: pb.DoorListPart.Ticket | None, now: float) -> str:
        """Return what a ticket comes to by the list alone. `now` is corrected to the server's clock."""
        at = self.head.made_at.ToDatetime(UTC).timestamp() + (now - self.asked_at)
        if not self.is_good(now):
            return "LIST_TOO_OLD"
        if ticket is None:
            return "UNKNOWN_CODE"
        if ticket.is_used:
            return "ALREADY_USED"
        if at < self.head.opens_at.ToDatetime(UTC).timestamp():
            return "TOO_EARLY"
        if at >= self.head.ends_at.ToDatetime(UTC).timestamp():
            return "SHOW_OVER"
        return "ADMITTED" if ticket.lets_in_here else "OTHER_GATE"


class Journal:
    """What a gate has done, a line of JSON each, on disk before anything comes of it. A line that broke off is none."""

    def __init__(self, file: Path) -> None:
        self.asked: dict[str, tuple[str, float]] = {}
        """By hashes of codes: under which keys the server was asked, and when, where it has not answered."""
        self.used: set[str] = set()
        """The tickets that this gate knows to be used."""
        self.unsent: dict[str, _Decided] = {}
        whole = 0
        if file.exists():
            for line in file.read_bytes().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break
                self._take(json.loads(line))
                whole += len(line)
        self._file = file.open("ab")
        self._file.truncate(whole)

    def write(self, **line: Any) -> None:
        """Write a line down, and wait until it is on disk."""
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._take(line)

    def has_to_tell(self, code_hash: str) -> bool:
        """Tell whether somebody came in by this code whom the server does not know of: it would let in once more."""
        return any(one.came_in and one.code_hash == code_hash for one in self.unsent.values())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _take(self, line: dict[str, Any]) -> None:
        match line:
            case {"asked": code_hash, "key": key, "at": at}:
                self.asked[code_hash] = key, at
            case {"answered": code_hash, "used": used}:
                self.asked.pop(code_hash, None)
                self.used.update(used)
            case {"decided": decided}:
                one = _Decided(**decided)
                if self.asked.get(one.code_hash, ("", 0.0))[0] == one.key:
                    del self.asked[one.code_hash]
                self.unsent[one.key] = one
                if one.came_in:
                    self.used.add(one.ticket_id)
            case {"sent": keys}:
                for key in keys:
                    self.unsent.pop(key, None)


class Gate:
    """A gate of a show, for one thread."""

    def __init__(
        self,
        client: Client,
        credential: str,
        show_id: str,
        folder: Path,
        *,
        gate_id: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`folder` is where it keeps its list and its journal; `clock` says how many seconds since 1970 it is.

        `gate_id` is needed only where credentials say nothing, as in a system for development (AUTH=off).
        """
        self._gate_id = gate_id
        self._client = client.with_options(gate_credential=credential)
        self._show_id = show_id
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)
        self._kept_list = folder / "list.json"
        self._list = self._read_list()
        self.journal = Journal(folder / "journal")
        self._conflicts: list[pb.CheckIn] = []
        self.online = True
        """Whether it asks the server; without, it decides by itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.journal.close()

    def refresh(self) -> DoorList:
        """Get a new list, and keep it; raise BoxofficeError, or ValueError where it was cut off."""
        asked_at, asked_on = self._clock(), time.monotonic()
        found = DoorList.of(self._client.download_door_list(gate_id=self._gate_id, show_id=self._show_id), asked_at)
        found.asked_on = asked_on
        kept = {"asked_at": asked_at, "head": MessageToDict(found.head)}
        kept["tickets"] = [MessageToDict(ticket) for ticket in found.tickets.values()]
        draft = self._kept_list.with_suffix(".new")
        with draft.open("w") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._kept_list)
        self._list = found
        return found

    def scan(self, code: str) -> Scan:
        """Judge a code: by asking, or, where nobody answers in time, by itself. Raises what else asking raises."""
        if len(code) == CODE_LENGTH - 1:
            code = f" {code}"  # the reader has dropped the blank that it began with
        code_hash = hashlib.sha256(code.encode()).hexdigest()
        if self.online and not self.journal.has_to_tell(code_hash):
            # Whoever was asked about this code, and did not answer, is asked about the same scan.
            if not (is_again := code_hash in self.journal.asked):
                self.journal.write(asked=code_hash, key=str(uuid4()), at=self._clock())
            try:
                scan = self._ask(code, code_hash, *self.journal.asked[code_hash])
                # Why that one was refused may have passed.
                return self.scan(code) if is_again and not scan.came_in else scan
            except BoxofficeError as error:
                if error.code not in AWAY:
                    raise
        return self._decide(code_hash)

    def _ask(self, code: str, code_hash: str, key: str, at: float) -> Scan:
        client = self._client.with_options(timeout_seconds=ONLINE_SECONDS, attempts=1)
        answer = client.check_in_ticket(
            gate_id=self._gate_id,
            show_id=self._show_id,
            code=code,
            gate_time=_timestamp(at),
            idempotency_key=key,
        )
        result = pb.Scan.Result.Name(answer.result)
        used = [answer.ticket_id] if result in ("ADMITTED", "ALREADY_USED") else []
        self.journal.write(answered=code_hash, used=used)
        return Scan(key, result == "ADMITTED", result, False, answer.seat_label, answer)

    def _decide(self, code_hash: str) -> Scan:
        ticket = self._list.tickets.get(code_hash) if self._list else None
        now = self._clock()
        result = self._list.judge(ticket, now) if self._list else "LIST_TOO_OLD"
        if self.journal.has_to_tell(code_hash) or (ticket is not None and ticket.ticket_id in self.journal.used):
            result = "ALREADY_USED"
        # The server may have let in by a scan that it did not answer. Who is refused here is asked about again.
        asked = self.journal.asked.get(code_hash)
        decided = _Decided(
            key=asked[0] if asked and result == "ADMITTED" else str(uuid4()),
            code_hash=code_hash,
            ticket_id=ticket.ticket_id if ticket else "",
            revision=ticket.revision if ticket else 0,
            gate_time=now,
            came_in=result == "ADMITTED",
            result=result,
        )
        self.journal.write(decided=asdict(decided))
        return Scan(decided.key, decided.came_in, result, True, ticket.seat_label if ticket else "")

    def sync(self) -> list[pb.CheckIn]:
        """Send what it has decided by itself; return what those came to who came in on tickets that did not let in.

        Among them are those that a call which failed half-way had found.
        """
        for batch in _batches(list(self.journal.unsent.values()), SYNCED_AT_ONCE):
            scans = [
                pb.SyncScansRequest.JudgedScan(
                    key=one.key,
                    ticket_id=one.ticket_id,
                    revision=one.revision,
                    gate_time=_timestamp(one.gate_time),
                    came_in=one.came_in,
                    result=pb.Scan.Result.Value(one.result),
                )
                for one in batch
            ]
            sent_at = _timestamp(self._clock())
            sent = self._client.sync_scans(gate_id=self._gate_id, show_id=self._show_id, sent_at=sent_at, scans=scans)
            told = list(zip(batch, sent.scans, strict=True))
            self.journal.write(sent=[one.key for one in batch])
            self._conflicts += [answer for one, answer in told if one.came_in and answer.result != pb.Scan.ADMITTED]
        found, self._conflicts = self._conflicts, []
        return found

    def _read_list(self) -> DoorList | None:
        try:
            kept = json.loads(self._kept_list.read_text())
        except FileNotFoundError:
            return None
        head = ParseDict(kept["head"], pb.DoorListPart.Head())
        tickets = (ParseDict(ticket, pb.DoorListPart.Ticket()) for ticket in kept["tickets"])
        return DoorList(head, tickets, kept["asked_at"])


def _timestamp(seconds: float) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(datetime.fromtimestamp(seconds, UTC))
    return made


def _batches(things: list[_Decided], size: int) -> Iterator[list[_Decided]]:
    for begin in range(0, len(things), size):
        yield things[begin : begin + size]
