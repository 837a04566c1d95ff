"""Structured logs: one JSON object a line on standard output, with the ids of request and trace where there are.

Each line is written by one write before `log.info`, or `tell_call`, returns: a process that is killed afterwards has
lost none.
"""

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from json import dumps

from pythonjsonlogger.json import JsonFormatter

from services.chassis.sight import tracing

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being served; empty outside of one."""


def configure(service: str, level: str) -> None:
    """Send every log record of this process to standard output as JSON."""
    global _output
    _output = _Output(service)
    logging.basicConfig(level=level, handlers=[_output], force=True)
    # Ticks every few seconds are no news, nor that a job takes longer than from one to the next; what jobs do is.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def tell_call(log: logging.Logger, method: str, outcome: str, milliseconds: float) -> None:
    """Write the line of a call that is over, as `log.info` would.

    It is put together by hand, as every call has one: 14 µs instead of 55 between other work, when none of that code is
    in the processor's caches (docs/performance.md).
    """
    if not log.isEnabledFor(logging.INFO):
        return
    if _output is None:
        log.info("call", extra={"method": method, "outcome": outcome, "ms": milliseconds})
    else:
        _output.write_call(log.name, method, outcome, milliseconds)


class _Output(logging.StreamHandler):  # type: ignore[type-arg]  # the class takes no parameter when it runs
    """Standard output."""

    def __init__(self, service: str) -> None:
        super().__init__(sys.stdout)
        self._service = service
        self.setFormatter(
            JsonFormatter(
                "%(levelname)s %(name)s %(message)s",
                rename_fields={"levelname": "level", "name": "logger"},
                static_fields={"service": service},
                timestamp="time",
            )
        )
        self.addFilter(_WithIds())

    def write_call(self, logger: str, method: str, outcome: str, milliseconds: float) -> None:
        """Write a call's line, which looks like that of a record."""
        # Both ids are of letters, digits, dots, dashes and underscores: nothing has to be escaped in them.
        request = f'"request_id": "{current}", ' if (current := request_id.get()) else ""
        trace = f'"trace_id": "{traced}", ' if tracing.on is not None and (traced := tracing.on.trace_id()) else ""
        start = _start_of_line(logger, self._service, method, outcome)
        line = f'{start}, "ms": {milliseconds}, {request}{trace}"time": "{datetime.now(UTC).isoformat()}"}}\n'
        try:
            self.acquire()
            try:
                self.stream.write(line)
                self.flush()
            finally:
                self.release()
        except Exception:  # as for a record: a full disk fails no call
            self.handleError(logging.makeLogRecord({"msg": "call"}))


_output: _Output | None = None
"""None until the process logs as JSON."""


class _WithIds(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if current := request_id.get():
            record.request_id = current
        if tracing.on is not None and (trace_id := tracing.on.trace_id()):
            record.trace_id = trace_id
        return True


@cache
def _start_of_line(logger: str, service: str, method: str, outcome: str) -> str:
    fields = {"level": "INFO", "logger": logger, "message": "call", "service": service}
    return dumps(fields | {"method": method, "outcome": outcome}).removesuffix("}")
