"""Gates as messages."""

from boxoffice.booking.v1 import gates_pb2 as pb

from services.booking.gates.domain import Gate, Offline
from services.chassis.wire.times import to_timestamp


def parse_offline(offline: "pb.Gate.Offline.ValueType") -> Offline:
    """Return what a gate may do without a connection."""
    return Offline(pb.Gate.Offline.Name(offline)) if offline else Offline.HOME


def render(gate: Gate) -> pb.Gate:
    """Render a gate, without its credential."""
    return pb.Gate(
        id=str(gate.id),
        organization_id=str(gate.organization_id or ""),
        name=gate.name,
        show_ids=map(str, gate.show_ids),
        offline=pb.Gate.Offline.Value(gate.offline),
        ends_at=to_timestamp(gate.ends_at),
        created_at=to_timestamp(gate.created_at),
        revoked_at=to_timestamp(gate.revoked_at) if gate.revoked_at else None,
    )
