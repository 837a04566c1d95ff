"""Where mails go: to a server of one's own, or to the sink, which keeps them as files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from stack import ports
from stack.ports import LOOPBACK
from stack.processes import Program
from stack.settings import ROOT, Settings

NAME = "mail-sink"
MODULE = "stack.mail_sink"
FOLDER = "mails"


def folder(settings: Settings) -> Path:
    """Return where the sink keeps mails."""
    return settings.data_dir / FOLDER


def place(settings: Settings) -> str:
    """Return where mails are found, in words."""
    if settings.auth == "off":
        return "none: identity tells no addresses while AUTH is off"
    return settings.smtp_host or str(folder(settings) / "*.eml")


def facts(settings: Settings) -> Mapping[str, str]:
    """Return what notifications is told of the mail server."""
    if settings.smtp_host:
        return {
            "SMTP_HOST": settings.smtp_host,
            "SMTP_PORT": str(settings.smtp_port),
            "SMTP_SECURITY": settings.smtp_security,
        }
    return {"SMTP_HOST": LOOPBACK, "SMTP_PORT": str(settings.mail_sink_port), "SMTP_SECURITY": "none"}


def program(settings: Settings) -> Program:
    """Return how to run the sink."""
    return Program(
        name=NAME,
        command=[Path(sys.executable), "-m", MODULE, str(settings.mail_sink_port), str(folder(settings))],
        environment=os.environ,
        healthy=lambda: ports.listens(settings.mail_sink_port),
        start_seconds=settings.start_seconds,
        folder=ROOT,
    )
