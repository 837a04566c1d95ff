"""Posting to URLs of organizations: the one place where a service calls an address that a request named.

What keeps it from reaching anything but public hosts (docs/security.md):

- the resolver asks for a host's addresses once for each connection, refuses the host if any of them is not public, and
  gives out no others, so that a name that changes its address afterwards changes nothing;
- each socket is made by `_socket_to`, which judges the address that it is for once more, whoever has found it;
- certificates are those of the host's name; there are no redirects, proxies, cookies or decoders;
- an answer has 10 seconds in all, and no more than its beginning is read.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from services.chassis.errors import Failure
from services.chassis.wire.calls import ask
from services.notifications.webhooks.addresses import may_be_sent_to
from services.notifications.webhooks.domain import TIMEOUT_SECONDS, Answer, Outcome

LookUp = Callable[[str], Awaitable[Sequence[str]]]
"""Gives the addresses of a host, as texts. Raises OSError where it has none."""

LOOK_UPS = 64
"""Questions for addresses at once. One that is never answered keeps its thread for as long as the system's resolver
waits, which is longer than its attempt may last."""

BUFFER_BYTES = 16 * 1024
"""What is read of an answer before somebody asks for more. Twice as much may be there; headers are bounded alike."""

RECEIVED_BYTES = 32 * 1024
"""What the system itself may keep of an answer that nobody has read."""

LONGEST_ANSWER_BYTES = 1_024
"""How much of the answer to a challenge is read."""

CONNECTIONS = 128


class AddressRefused(Exception):
    """An address is none that messages are sent to."""


class NoAddress(Exception):
    """A host has no address."""


class _Resolver(AbstractResolver):
    """Gives the addresses of a host, unless messages are not sent to one of them."""

    def __init__(self, look_up: LookUp, allow_loopback: bool) -> None:
        self._look_up = look_up
        self._allow_loopback = allow_loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            addresses = await self._look_up(host)
        except (OSError, UnicodeError):
            raise NoAddress() from None
        if not addresses:
            raise NoAddress()
        if not all(may_be_sent_to(address, allow_loopback=self._allow_loopback) for address in addresses):
            raise AddressRefused()
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """There is nothing to close."""


class Poster:
    """Posts to URLs, each over a connection of its own."""

    def __init__(
        self, *, allow_loopback: bool = False, look_up: LookUp | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """`allow_loopback`: in development, this machine may be posted to. `look_up`, `tls`: for the system's."""
        self._allow_loopback = allow_loopback
        self._threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="look-up")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS,
                resolver=_Resolver(look_up or self._look_up, allow_loopback),
                use_dns_cache=False,
                force_close=True,
                ssl=tls or ssl.create_default_context(),
                socket_factory=self._socket_to,
            ),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            headers={"content-type": "application/json", "user-agent": "boxoffice-webhooks/1"},
            skip_auto_headers=("accept", "accept-encoding"),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            read_bufsize=BUFFER_BYTES,
        )

    async def post(self, url: str, content: str, headers: Mapping[str, str], challenge: str = "") -> Answer:
        """Post `content`; return what came of it.

        With `challenge`, that is what the answer has to be; else only its status is looked at.
        """

        async def asking() -> tuple[int, bytes]:
            data = content.encode()
            async with self._session.post(url, data=data, headers=headers, allow_redirects=False) as response:
                answer = await _beginning(response) if challenge else b""
                # What else comes is not read: the connection ends here.
                response.close()
                return response.status, answer

        began = time.monotonic()
        status: int | None = None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answered, answer = await ask("webhook of an organization", TIMEOUT_SECONDS, asking)
            status, outcome = answered, _judged(answered, answer, challenge)
        except (AddressRefused, NoAddress, TimeoutError, aiohttp.ClientError, OSError, ValueError, Failure) as error:
            outcome = _reason(error)
        return Answer(outcome, status, int((time.monotonic() - began) * 1_000))

    def _socket_to(self, address: Any) -> socket.socket:
        """Make the socket for a connection; raise AddressRefused unless messages are sent to its address."""
        family, kind, proto, _, at = address
        if not may_be_sent_to(at[0], allow_loopback=self._allow_loopback):
            raise AddressRefused()
        made = socket.socket(family, kind, proto)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        return made

    async def _look_up(self, host: str) -> Sequence[str]:
        def asked() -> list[str]:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            return [str(at[0]) for _, _, _, _, at in found]

        return await asyncio.get_running_loop().run_in_executor(self._threads, asked)

    async def close(self) -> None:
        """Close all connections, and wait for nobody."""
        await self._session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return what an answer begins with, as much as is looked at."""
    read = b""
    while len(read) < LONGEST_ANSWER_BYTES:
        if not (piece := await response.content.read(LONGEST_ANSWER_BYTES - len(read))):
            break
        read += piece
    return read


def _judged(status: int, answer: bytes, challenge: str) -> Outcome:
    if not 200 <= status <= 299:
        return Outcome.REFUSED
    return Outcome.TAKEN if not challenge or answer.strip() == challenge.encode() else Outcome.WRONG_ANSWER


def _reason(error: BaseException) -> Outcome:
    """Return what an error comes to, whichever of the libraries has wrapped it."""
    if isinstance(error, TimeoutError):
        return Outcome.TIMED_OUT
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return Outcome.CERTIFICATE_REFUSED
    if isinstance(error, AddressRefused | NoAddress):
        return Outcome.ADDRESS_REFUSED if isinstance(error, AddressRefused) else Outcome.NO_ADDRESS
    return _reason(error.__cause__) if error.__cause__ is not None else Outcome.NO_ANSWER
