"""One call: its deadline, its request id, and whether it is worth another try. Nothing here waits or sends."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from uuid import uuid4

import grpc

from boxoffice_client import errors
from boxoffice_client.errors import BoxofficeError, RequestInProgress, RpcError

FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 2.0
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class Options:
    """How calls are made.

    timeout_seconds: how long a call may take in all, with its repetitions and the pauses between them; a call that
        waits for something to change (`get_booking(wait_seconds=20)`) has its wait on top
    attempts: how often a call is sent at most; 1 repeats nothing
    request_id: what the services' logs call it by, up to 100 of A-Z a-z 0-9 . _ -; without one, each call has its own
    token: an access token, which says who calls (`login` gives one); good for 15 minutes
    gate_credential: the credential of a gate, which says which one calls (`create_gate` gives it once)
    """

    timeout_seconds: float = 10.0
    attempts: int = 6
    request_id: str | None = None
    token: str | None = field(default=None, repr=False)
    gate_credential: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.timeout_seconds <= 0:
            raise ValueError("timeout_seconds has to be more than 0")
        if self.attempts < 1:
            raise ValueError("attempts has to be 1 or more")
        if self.request_id is not None and not _SANE_ID.fullmatch(self.request_id):
            raise ValueError("request_id has to be 1 to 100 of A-Z a-z 0-9 . _ -")


class Call:
    """A call under way. `repeatable` says that it does no harm to send it twice, `wait_seconds` that it is to wait."""

    def __init__(self, options: Options, *, repeatable: bool, wait_seconds: int = 0) -> None:
        self.request_id = options.request_id or str(uuid4())
        bearer = (("authorization", f"Bearer {options.token}"),) if options.token else ()
        gate = (("gate-credential", options.gate_credential),) if options.gate_credential else ()
        self.metadata = (("x-request-id", self.request_id), *bearer, *gate)
        self._end = time.monotonic() + options.timeout_seconds + max(wait_seconds, 0)
        self._attempts = options.attempts if repeatable else 1
        self._failed = 0

    @property
    def seconds_left(self) -> float:
        """How much time is left of the deadline."""
        return self._end - time.monotonic()

    def pause_after(self, error: RpcError) -> float:
        """Return for how many seconds to wait before the call is sent again; raise what was told if it shall not be.

        The pause is what the server asked for, and up to the back-off more, so that those who were refused together
        do not come back together.
        """
        failure = errors.read(error, self.request_id)
        self._failed += 1
        if self._failed >= self._attempts or not _is_passing(failure):
            raise failure
        backoff = min(FIRST_BACKOFF_SECONDS * 2 ** (self._failed - 1), LONGEST_BACKOFF_SECONDS)
        pause = (failure.retry_after_seconds or 0) + random.uniform(0, backoff)
        if pause >= self.seconds_left:
            raise failure
        return pause


def _is_passing(failure: BoxofficeError) -> bool:
    """Tell whether the same call may fare better in a moment."""
    match failure.code:
        case grpc.StatusCode.UNAVAILABLE:
            return True
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            # The server's overload says when to come back; an answer that is too large for gRPC stays so.
            return failure.retry_after_seconds is not None
    # What was sent before, and lost its answer, may still be under way.
    return isinstance(failure, RequestInProgress)
