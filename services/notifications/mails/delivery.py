"""Handing mails over to a mail server, over SMTP."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self, TypeVar

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from services.notifications.mails.domain import Outcome, Result
from services.notifications.measures import MAILS

log = logging.getLogger(__name__)

LONGEST_REASON = 200


class Handed(Protocol):
    """A mail that is handed over."""

    @property
    def may_be_there(self) -> bool:
        """Whether an earlier attempt may have reached the server, and nobody knows."""


M = TypeVar("M", bound=Handed)


class ServerAway(Exception):
    """The mail server takes no mail now, whichever it is; its text says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, and how it is spoken to."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str
    password: str
    sender: str
    """The address that mails come from."""
    timeout_seconds: float


class Session:
    """A connection to a mail server, which mails are handed over by, one after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._smtp = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            timeout=server.timeout_seconds,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=None if server.security == "none" else ssl.create_default_context(),
        )

    async def __aenter__(self) -> Self:
        """Connect and log in; raise ServerAway."""
        try:
            async with asyncio.timeout(self._server.timeout_seconds):
                await self._smtp.connect()
        except (SMTPException, OSError, TimeoutError) as error:
            self._smtp.close()
            raise ServerAway(_reason(error)) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Say goodbye, where somebody listens."""
        if self._smtp.is_connected and kind is None:
            with suppress(SMTPException, OSError, TimeoutError):
                await self._smtp.quit(timeout=1)
        self._smtp.close()

    async def hand_over(self, to: str, content: bytes) -> Result:
        """Hand a mail over; return what the server said to it. Raise ServerAway where it would say so to any mail."""
        if not self._smtp.is_connected:
            raise ServerAway("the connection was lost")
        try:
            async with asyncio.timeout(2 * self._server.timeout_seconds):
                await self._smtp.sendmail(self._server.sender, [to], content)
        except SMTPRecipientsRefused as error:
            return _refused(error.recipients[0])
        except SMTPSenderRefused as error:
            raise ServerAway(_reason(error)) from error
        except SMTPDataError as error:
            return _refused(error)
        except SMTPResponseException as error:
            raise ServerAway(_reason(error)) from error
        except (SMTPException, OSError, TimeoutError) as error:
            # Whether the server has the mail is not known: what it says to the next one would not be about that.
            self._smtp.close()
            return Result(Outcome.UNKNOWN, _reason(error))
        return Result(Outcome.SENT)


async def hand_over(
    server: Server,
    ready: Sequence[tuple[M, str, bytes]],
    note: Callable[[M, Result], Awaitable[None]],
    is_time: Callable[[], bool],
) -> None:
    """Hand mails over by one connection, and note what came of each.

    Where the connection is lost, or there is no more time, the rest is tried later.
    """
    left = list(ready)
    why = "the lease ran out"
    try:
        async with Session(server) as session:
            while left and is_time():
                mail, to, content = left[0]
                result = await session.hand_over(to, content)
                left.pop(0)
                if result.outcome is Outcome.SENT and mail.may_be_there:
                    MAILS.labels("again").inc()
                await note(mail, result)
    except ServerAway as error:
        why = str(error)
        log.warning("the mail server takes no mail: %s", why)
    for mail, _, _ in left:
        await note(mail, Result(Outcome.LATER, why))


def _refused(error: SMTPResponseException) -> Result:
    return Result(Outcome.DEAD if error.code >= 500 else Outcome.LATER, _reason(error))


def _reason(error: BaseException) -> str:
    """Return why, for operators; without addresses, which servers like to repeat."""
    code = f" {error.code}" if isinstance(error, SMTPResponseException) else ""
    return f"{type(error).__name__}{code}"[:LONGEST_REASON]
