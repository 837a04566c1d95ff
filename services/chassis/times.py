"""Times on the wire."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp


def to_timestamp(time: datetime) -> Timestamp:
    """Render an aware datetime."""
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
