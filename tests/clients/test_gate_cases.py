"""The Python client's gate held to the table of cases that the shop's page is held to (tests/browser/test_door.py)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from boxoffice.booking.v1 import admissions_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from boxoffice_client.errors import BoxofficeError
from boxoffice_client.gate import Gate
from tests.cases import all_cases

CASES = Path(__file__).parents[1] / "door_cases.json"
BEGAN = 1_800_000_000
"""When lists are asked for, by the server's clock."""
RESULTS = frozenset(pb.Scan.Result.DESCRIPTOR.values_by_name)
AWAY = BoxofficeError("away", code=grpc.StatusCode.UNAVAILABLE)
REVOKED = pb.SyncScansResponse(scans=[pb.CheckIn(result=pb.Scan.REVOKED)])


def code_of(name: str) -> str:
    return name.ljust(122, "0")


class Server:
    """What a gate asks, by a case's script."""

    def __init__(self, listed: dict[str, Any]) -> None:
        self.listed = listed
        self.answers: list[Any] = []
        self.asked: list[str] = []
        self.sent: list[Any] = []
        self.is_cut = False

    def with_options(self, **_: Any) -> Server:
        return self

    def download_door_list(self, **_: Any) -> Iterator[pb.DoorListPart]:
        head = pb.DoorListPart.Head(good_for_seconds=self.listed["goodFor"], made_at=Timestamp(seconds=BEGAN))
        head.opens_at.seconds = BEGAN + self.listed["opensAt"]
        head.ends_at.seconds = BEGAN + self.listed["endsAt"]
        yield pb.DoorListPart(head=head)
        for name, where in self.listed["tickets"].items():
            yield pb.DoorListPart(
                tickets=[
                    pb.DoorListPart.Ticket(
                        ticket_id=f"ticket {name}",
                        revision=1,
                        code_hash=hashlib.sha256(code_of(name).encode()).hexdigest(),
                        is_used=where == "used",
                        lets_in_here=where == "here",
                    )
                ]
            )
        yield pb.DoorListPart(end=pb.DoorListPart.End(tickets=len(self.listed["tickets"]) + self.is_cut))

    def check_in_ticket(self, **fields: Any) -> pb.CheckIn:
        self.asked.append(fields["idempotency_key"])
        answer = self.answers.pop(0)
        if answer is None:
            raise AWAY
        if answer not in RESULTS:
            raise BoxofficeError(answer, code=grpc.StatusCode.FAILED_PRECONDITION)
        name = fields["code"].rstrip("0")
        return pb.CheckIn(result=pb.Scan.Result.Value(answer), ticket_id="" if name == "Z" else f"ticket {name}")

    def sync_scans(self, **fields: Any) -> pb.SyncScansResponse:
        if self.answers is None:
            raise AWAY
        self.sent += fields["scans"]
        return pb.SyncScansResponse(scans=[pb.CheckIn(result=pb.Scan.Result.Value(each)) for each in self.answers])


class Play:
    """A case that is played."""

    def __init__(self, case: dict[str, Any], folder: Path) -> None:
        self.case, self.folder = case, folder
        self.now = BEGAN + case.get("ahead", 0)
        self.server = Server(case["list"])
        self.keys: dict[str, str] = {}
        self.gate = self._opened()

    def _opened(self) -> Gate:
        client: Any = self.server
        return Gate(client, "", "show", self.folder, clock=lambda: float(self.now))

    def named(self, keys: list[str], names: list[str]) -> None:
        """Check that keys are those of these names."""
        assert [self.keys.setdefault(name, key) for key, name in zip(keys, names, strict=True)] == keys
        assert len(set(self.keys.values())) == len(self.keys)

    def run(self) -> None:
        if self.case["list"]:
            self.gate.refresh()
        for step in self.case["steps"]:
            self.now = BEGAN + self.case.get("ahead", 0) + step.get("at", 0)
            if "restart" in step:
                self.gate.journal.close()
                self.gate = self._opened()
            elif "slept" in step:
                assert self.gate._list is not None and self.gate._list.asked_on is not None
                self.gate._list.asked_on -= step["slept"]
            elif "refresh" in step:
                self.server.is_cut = True
                with pytest.raises(ValueError, match=step["refresh"]):
                    self.gate.refresh()
            elif "scan" in step:
                self._scan(step)
            else:
                self._sync(step)
        self.gate.journal.close()

    def _scan(self, step: dict[str, Any]) -> None:
        self.server.answers, self.server.asked = list(step["answers"]), []
        code = code_of(step["scan"])
        code = code[1:] if step.get("dropsBlank") else code
        if step["result"] is None:
            with pytest.raises(BoxofficeError):
                self.gate.scan(code)
        else:
            scan = self.gate.scan(code)
            said = (scan.result, scan.came_in, scan.is_offline)
            assert said == (step["result"], step["cameIn"], step["offline"]), step
            self.named([scan.key], [step["key"]])
        self.named(self.server.asked, step["asked"])

    def _sync(self, step: dict[str, Any]) -> None:
        self.server.answers, self.server.sent = step["sync"], []
        if step["sync"] is None:
            with pytest.raises(BoxofficeError):
                self.gate.sync()
            return
        assert len(self.gate.sync()) == step["conflicts"]
        self.named([one.key for one in self.server.sent], [key for key, *_ in step["sent"]])
        assert [
            [
                one.ticket_id.removeprefix("ticket "),
                one.came_in,
                pb.Scan.Result.Name(one.result),
                one.gate_time.seconds - BEGAN,
            ]
            for one in self.server.sent
        ] == [rest for _, *rest in step["sent"]]


def test_the_python_gate_does_what_the_table_says(tmp_path: Path) -> None:
    with all_cases() as case:
        for number, each in enumerate(json.loads(CASES.read_text())["cases"]):
            with case(each["name"]):
                Play(each, tmp_path / str(number)).run()


def test_conflicts_of_a_call_that_failed_half_way_are_told_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boxoffice_client.gate.SYNCED_AT_ONCE", 1)
    tickets = {"A": "here", "B": "here"}
    play = Play({"list": {"goodFor": 60, "opensAt": -60, "endsAt": 60, "tickets": tickets}}, tmp_path)
    play.gate.refresh()
    play.gate.online = False
    assert [play.gate.scan(code_of(name)).came_in for name in tickets] == [True, True]
    play.server.sync_scans = Mock(side_effect=[REVOKED, AWAY, REVOKED])  # type: ignore[method-assign]
    with pytest.raises(BoxofficeError):
        play.gate.sync()
    assert len(play.gate.sync()) == 2
    assert play.gate.sync() == []
    play.gate.journal.close()
