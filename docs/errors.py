"""Write docs/errors.md: every reason that an error may have, from the services' exceptions and the gateway's replies.

`make protos` calls it.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc
from pathlib import Path

from google.rpc import code_pb2

import services
from gateway import library
from gateway.openapi.failures import STATUSES, http_status
from gateway.replies import REPLIES
from services.chassis.errors import (
    Failure,
    InvalidArgument,
    InvalidField,
    PeerFailure,
    PermissionDenied,
    Unauthenticated,
)

PAGE = Path(__file__).with_name("errors.md")
DOCUMENT = Path(__file__).parent.parent / "gateway" / "openapi.json"

HEAD = """\
# Errors

Every failure is a google.rpc.Status: a code, a message for people ("what happened: what to do next"), and details. Over
REST it is JSON under the HTTP status of its code. Programs match on the `reason` in the ErrorInfo, which is always
there with `domain` "boxoffice"; messages may change. Below, "carries" tells what else there is: keys in the ErrorInfo's
metadata, a RetryInfo where the same request may fare better after a while, a BadRequest that names fields. What is too
long for the headers that it travels in is cut ([versioning](versioning.md)). Which method may answer what is in
[the contracts](../protos/boxoffice) and at `/api/docs`.

RetryInfo comes over REST as the header `Retry-After` too, in whole seconds. What gRPC's library in a service says by
itself (a deadline that ran out, a call that was dropped) gets these words and details at the gateway. What the library
of the client says by itself has a code and no details: its own deadline (DEADLINE_EXCEEDED), its own cancelling
(CANCELLED), no connection (UNAVAILABLE), an answer larger than it takes (RESOURCE_EXHAUSTED). So has the status of a
stream that breaks off.

`make protos` writes this page from the exceptions of the services and from `gateway/replies.py`.
"""

LEFT_OUT = (InvalidArgument, PeerFailure)
"""InvalidField says more with the same reason; what a peer refused is told where the peer has it."""

RAISED = (Unauthenticated, PermissionDenied)
"""Others derive from these with reasons of their own; the chassis raises these themselves too."""

COLUMNS = "| reason | code | HTTP | what happened | what to do next | carries | from |\n|---|---|---|---|---|---|---|\n"


@dataclass
class Row:
    """A reason under one code."""

    reason: str
    code: str
    status: int
    what: str
    next_step: str
    carries: list[str]
    raised_by: list[str]

    def __str__(self) -> str:
        carries, raised_by = "; ".join(self.carries), ", ".join(self.raised_by)
        cells = f"{self.code} | {self.status} | {self.what}. | {self.next_step}."
        return f"| `{self.reason}` | {cells} | {carries} | {raised_by} |"


def page() -> str:
    """Return the page as it has to be; raise LookupError for a message that does not say what to do next."""
    rows = sorted(_rows(), key=lambda row: (row.reason, row.status, str(row)))
    document = json.loads(DOCUMENT.read_text())
    public_reasons = {reason for examples in _examples(document) for reason in examples}
    public = [row for row in rows if row.reason in public_reasons or "gateway" in row.raised_by]
    internal = [row for row in rows if row not in public]
    return (
        f"{HEAD}\n## What callers may meet\n\n{COLUMNS}{_lines(public)}\n"
        f"## What services tell each other only\n\n{COLUMNS}{_lines(internal)}"
    )


def _lines(rows: list[Row]) -> str:
    return "".join(f"{row}\n" for row in rows)


def _rows() -> list[Row]:
    found: dict[tuple[str, str, int, str], Row] = {}
    for kind in _kinds():
        what, next_step = _parts(kind.__name__, _paragraphs(kind)[0])
        code = kind.code.name
        row = Row(kind.reason, code, STATUSES[code], what, next_step, _carried(kind), [_service(kind)])
        _add(found, row)
    for reply in (*REPLIES, *(reply for _, _, reply in library.SAID)):
        code, status = code_pb2.Code.Name(reply.code), http_status(reply)
        same = [row for row in found.values() if (row.reason, row.code, row.status) == (reply.reason, code, status)]
        if same:
            same[0].raised_by += ["gateway"] * ("gateway" not in same[0].raised_by)
            continue
        what, next_step = _parts(reply.reason, reply.message)
        carries = [f"RetryInfo {reply.retry_after_seconds} s"] * (reply.retry_after_seconds is not None)
        if reply.grpc_code is not None:
            code += f" ({code_pb2.Code.Name(reply.grpc_code)} over gRPC)"
        _add(found, Row(reply.reason, code, status, what, next_step, carries, ["gateway"]))
    return list(found.values())


def _add(found: dict[tuple[str, str, int, str], Row], row: Row) -> None:
    known = found.setdefault((row.reason, row.code, row.status, row.what), row)
    if known is not row:
        known.raised_by += row.raised_by


def _kinds() -> Iterator[type[Failure]]:
    """Yield the exceptions that are told, one for each reason and service; not those that others only derive from."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if {"errors", "domain"} & set(module.name.split(".")):
            import_module(module.name)
    raised: dict[tuple[str, str, str], type[Failure]] = {}
    kinds: list[type[Failure]] = [Failure, *_subclasses(Failure)]
    for kind in kinds:
        derived = list(_subclasses(kind))
        only_base = kind not in RAISED and derived and all(each.reason != kind.reason for each in derived)
        if kind not in LEFT_OUT and not only_base:
            raised.setdefault((kind.reason, kind.code.name, _service(kind)), kind)
    yield from raised.values()


def _subclasses(kind: type[Failure]) -> Iterator[type[Failure]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("services."):
            yield each
            yield from _subclasses(each)


def _service(kind: type[Failure]) -> str:
    """Return which service tells it: all of them what the chassis has."""
    name = kind.__module__.split(".")[1]
    return "any service" if name == "chassis" else name


def _carried(kind: type[Failure]) -> list[str]:
    carried = [text.removeprefix("Metadata: ").rstrip(".") for text in _paragraphs(kind)[1:]]
    if issubclass(kind, InvalidField):
        carried.append("BadRequest")
    if kind.retry_after_seconds is not None:
        carried.append(f"RetryInfo {kind.retry_after_seconds:g} s")
    return carried


def _paragraphs(kind: type[Failure]) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in (getdoc(kind) or "").split("\n\n")]


def _parts(where: str, message: str) -> tuple[str, str]:
    """Part "what happened: what to do next."."""
    what, colon, next_step = message.rstrip(".").partition(": ")
    if not colon:
        raise LookupError(f"the message of {where} does not say what to do next, after a colon: {message}")
    return what, next_step[:1].upper() + next_step[1:]


def _examples(node: object) -> Iterator[dict[str, object]]:
    """Yield the examples of all responses of the OpenAPI document: they are named by reason."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), dict):
            yield node["examples"]
        for value in node.values():
            yield from _examples(value)


if __name__ == "__main__":
    PAGE.write_text(page())
