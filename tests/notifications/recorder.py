"""A mail server as a process that may be killed: `python -m tests.notifications.recorder PORT FILE`.

It writes the Message-ID of each mail to a file, and answers a moment later, so that kills fall in between.
"""

from __future__ import annotations

import asyncio
import email
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

MOMENT_SECONDS = 0.01


class Record:
    """Keeps which mails came."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        print(email.message_from_bytes(envelope.content)["Message-ID"], *envelope.rcpt_tos, file=self._file, flush=True)
        await asyncio.sleep(MOMENT_SECONDS)
        return "250 kept"


async def main(port: int, file: Path) -> None:
    """Serve until the process is ended."""
    record, loop = Record(file), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(record, hostname="test", loop=loop), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
