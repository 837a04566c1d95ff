"""What organizers do with gates: make, look at, give another credential, end; and whose credential a caller has."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from boxoffice.events.v1 import events_pb2

from services.booking.errors import GateNotFound
from services.booking.gates import statements as sql
from services.booking.gates.domain import SECRET_BYTES, Gate, Offline, ShowTimes, hash_of
from services.chassis.errors import InvalidField
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction, retried
from services.chassis.store.rows import columns, read
from services.chassis.writes.idempotency import Once
from services.chassis.writes.lookup import Lookup
from services.chassis.writes.operation import KeyedOperation, Operation, Rows

CONSUMER = "show-times"

_KINDS = (
    events_pb2.ShowEvent.CREATED,
    events_pb2.ShowEvent.PUBLISHED,
    events_pb2.ShowEvent.UPDATED,
    events_pb2.ShowEvent.RESCHEDULED,
)


def new_credential() -> str:
    """Return a credential that nobody can guess."""
    return secrets.token_urlsafe(SECRET_BYTES)


# --- Made


@dataclass(frozen=True, slots=True)
class CreateGate:
    """The wish for a gate."""

    urgent: ClassVar[bool] = False

    id: UUID
    organization_id: UUID | None
    name: str
    shows: Sequence[ShowTimes]
    offline: Offline
    ends_at: datetime
    created_by: UUID | None
    credential: str = field(repr=False)
    once: Once[Gate, Any]

    @property
    def key(self) -> UUID:
        """No wish for a gate has to do with another."""
        return self.id


@dataclass(frozen=True, slots=True)
class NewGates:
    """Gates that are made, each with the wish for it."""

    now: datetime
    made: list[tuple[CreateGate, Gate]] = field(default_factory=list)


class CreateGates(KeyedOperation[CreateGate, NewGates, Gate, Any]):
    """Makes gates; refuses with InvalidField. What is kept of the answer has no credential."""

    def reads(self, batch: Sequence[CreateGate], *, wait: bool) -> dict[str, Statement]:
        """A gate depends on nothing but the time."""
        return {"clock": (READ_CLOCK, ())}

    async def load(self, tx: Transaction, batch: Sequence[CreateGate], rows: Rows) -> tuple[NewGates, set[UUID]]:
        """Nothing is locked."""
        return NewGates(rows["clock"][0].now), set()

    def decide(self, command: CreateGate, state: NewGates) -> Gate:
        """Make the gate, if its end is to come."""
        if command.ends_at <= state.now:
            raise InvalidField(("endsAt", "has passed: a gate ends later"))
        gate = Gate(
            id=command.id,
            organization_id=command.organization_id,
            name=command.name,
            show_ids=sorted(show.show_id for show in command.shows),
            offline=command.offline,
            ends_at=command.ends_at,
            created_by=command.created_by,
            created_at=state.now,
            revoked_at=None,
        )
        state.made.append((command, gate))
        return gate

    async def write(self, tx: Transaction, state: NewGates) -> None:
        """Write the gates, their shows, and when these are."""
        for command, gate in state.made:
            row = {name: getattr(gate, name) for name in ("id", "organization_id", "name", "offline", "ends_at")}
            row |= {"created_by": gate.created_by, "created_at": gate.created_at}
            await tx.send(sql.ADD_GATE, row | {"credential_hash": hash_of(command.credential)})
            await tx.send(sql.ADD_SHOWS, {"id": gate.id, "show_ids": gate.show_ids})
            await tx.send(*_times(command.shows))


# --- Changed


@dataclass(frozen=True, slots=True)
class ChangeGate:
    """The wish to give a gate another credential, or to end it."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The gate."""
    organization_id: UUID | None
    """Whose it has to be."""
    credential: str | None = field(repr=False)
    """None: it is to end."""


@dataclass(frozen=True, slots=True)
class LockedGates:
    """Gates that nobody else changes meanwhile."""

    now: datetime
    gates: dict[UUID, Gate]
    changed: list[tuple[Gate, str | None]] = field(default_factory=list)


class ChangeGates(Operation[ChangeGate, LockedGates, Gate]):
    """Changes gates; refuses with GateNotFound, GateOver."""

    def reads(self, batch: Sequence[ChangeGate], *, wait: bool) -> dict[str, Statement]:
        """Lock the gates."""
        return {"gates": (sql.LOCK_GATES, {"ids": [command.key for command in batch]}), "clock": (READ_CLOCK, ())}

    async def load(self, tx: Transaction, batch: Sequence[ChangeGate], rows: Rows) -> tuple[LockedGates, set[UUID]]:
        """Nothing depends on more than the gates."""
        return LockedGates(rows["clock"][0].now, {gate.id: gate for gate in read(Gate, rows["gates"])}), set()

    def decide(self, command: ChangeGate, state: LockedGates) -> Gate:
        """Change the gate. What has ended has ended."""
        gate = state.gates.get(command.key)
        if gate is None or gate.organization_id != command.organization_id:
            raise GateNotFound()
        if command.credential is not None:
            gate.check_not_over(state.now)
        elif gate.revoked_at is None:
            gate = replace(gate, revoked_at=state.now)
        state.gates[gate.id] = gate
        state.changed.append((gate, command.credential))
        return gate

    async def write(self, tx: Transaction, state: LockedGates) -> None:
        """Write the gates."""
        for gate, credential in state.changed:
            given = {"id": gate.id, "revoked_at": gate.revoked_at}
            await tx.send(sql.SET_GATE, given | {"credential_hash": hash_of(credential) if credential else None})


# --- Looked at


@retried
async def list_gates(db: Database, organization_id: UUID | None, *, after: UUID | None, limit: int) -> list[Gate]:
    """Return gates of an organization, or Boxoffice's own, newest first, that are older than `after`."""
    return read(
        Gate, await db.fetch(sql.LIST_GATES, {"organization_id": organization_id, "after": after, "limit": limit})
    )


@retried
async def get_gate(db: Database, gate_id: UUID) -> tuple[Gate, list[ShowTimes], datetime]:
    """Return a gate, when its shows are, and the time; raise GateNotFound where there is none, or it is over."""
    given = {"id": gate_id}
    async with db.transaction() as tx:
        gates, times, [clock] = await tx.fetch_all((sql.GET_GATE, given), (sql.TIMES_OF_GATE, given), (READ_CLOCK, ()))
    if not gates:
        raise GateNotFound()
    return read(Gate, gates)[0], read(ShowTimes, times), clock.now


class Credentials:
    """Tells whose credential a caller has. It is looked up for each call: a gate that is revoked calls no more."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lookup: Lookup[bytes, UUID] = Lookup(self._find, name="gates")

    async def gate_of(self, credential: str) -> UUID | None:
        """Return the gate that may call with a credential; None: it is nobody's, or not any more."""
        return await self._lookup.get(hash_of(credential))

    async def _find(self, hashes: Sequence[bytes]) -> dict[bytes, UUID]:
        rows = await self._db.fetch(sql.BY_CREDENTIALS, {"hashes": list(hashes)})
        return {bytes(row.credential_hash): row.id for row in rows}


# --- When shows are


async def note_times(tx: Transaction, told: Sequence[events_pb2.ShowEvent]) -> None:
    """Keep when shows are, as inventory's topic tells."""
    times = [
        ShowTimes(
            show_id=UUID(event.show_id),
            organization_id=None,
            starts_at=event.start_time.ToDatetime(UTC),
            ends_at=event.end_time.ToDatetime(UTC),
            # Events from before the revision was told have it as their version.
            revision=event.revision or event.version,
        )
        for event in told
        if event.kind in _KINDS
    ]
    if times:
        await tx.send(*_times(times))


def _times(shows: Sequence[ShowTimes]) -> Statement:
    return sql.NOTE_TIMES, columns(shows, "show_id", "starts_at", "ends_at", "revision")
