"""A mail server for one machine, which delivers nothing: it keeps each mail as a file, for people to read.

`python -m stack.mail_sink PORT FOLDER`. It listens on loopback only, and knows neither TLS nor passwords: production
sends no mail without these.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from itertools import count
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"
LARGEST_BYTES = 10 * 1024 * 1024
MOST = 1_000
"""How many mails are kept: the newest."""


class Keep:
    """Keeps mails as files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._numbers = count(1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a mail, and say that it is taken."""
        content = envelope.content
        assert isinstance(content, bytes)
        path = self._folder / f"{time.time_ns()}-{next(self._numbers)}.eml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        for old in sorted(self._folder.glob("*.eml"))[:-MOST]:
            old.unlink(missing_ok=True)
        return "250 kept"


async def main(port: int, folder: Path) -> None:
    """Serve until the process is ended."""
    keep = Keep(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keep, hostname="mail-sink", data_size_limit=LARGEST_BYTES, loop=loop), LOOPBACK, port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
