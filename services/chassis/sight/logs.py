"""Structured logs: one JSON object a line on standard output, with the ids of request and trace where there are."""

import logging
import sys
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

from services.chassis.sight import tracing

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being served; empty outside of one."""


class _WithIds(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if current := request_id.get():
            record.request_id = current
        if tracing.on is not None and (trace_id := tracing.on.trace_id()):
            record.trace_id = trace_id
        return True


def configure(service: str, level: str) -> None:
    """Send every log record of this process to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        JsonFormatter(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"service": service},
            timestamp="time",
        )
    )
    handler.addFilter(_WithIds())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Ticks every few seconds are no news, nor that a job takes longer than from one to the next; what jobs do is.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
