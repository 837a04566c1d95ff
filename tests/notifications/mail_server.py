"""A real mail server on loopback, which does what tests want of it, and keeps what it got."""

from __future__ import annotations

import asyncio
import email
import ipaddress
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stack.ports import choose


@dataclass
class MailServer:
    """What it got, and what it does to the next mails."""

    port: int = 0
    security: str = "none"
    context: ssl.SSLContext | None = None
    password: str = ""
    got: list[bytes] = field(default_factory=list)
    """The content of each mail that came to its end, whatever was answered."""
    to: list[str] = field(default_factory=list)
    """Whom they were for."""
    behaviours: deque[str] = field(default_factory=deque)
    """For each mail to come an answer, or: `drop`, `hang`. Then all are taken."""
    at_recipient: deque[str] = field(default_factory=deque)
    connections: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a mail is kept and its answer is not given."""
    _server: asyncio.Server | None = None
    _open: set[Any] = field(default_factory=set)

    @property
    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(content, policy=default) for content in self.got]  # type: ignore[misc]

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]

    async def start(self) -> None:
        self.port = self.port or choose(1)[0]
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {"hostname": "test", "loop": loop}
        if self.security == "starttls":
            options |= {"tls_context": self.context, "require_starttls": True}
        if self.password:
            is_later = self.security == "starttls"
            options |= {"authenticator": self._authenticate, "auth_required": is_later, "auth_require_tls": is_later}
        tls = self.context if self.security == "tls" else None
        self._server = await loop.create_server(lambda: _Counted(self, options), "127.0.0.1", self.port, ssl=tls)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for protocol in list(self._open):
                if protocol.transport is not None:
                    protocol.transport.abort()
            self._server = None

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        return AuthResult(success=data.password == self.password.encode())

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_recipient and (answer := self.at_recipient.popleft()):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        what = self.behaviours.popleft() if self.behaviours else "250 taken"
        self.got.append(envelope.content)
        self.to += envelope.rcpt_tos
        if what in ("drop", "hang"):
            self.held.set()
        if what == "drop":
            server.transport.abort()
        elif what == "hang":
            await asyncio.sleep(3600)
        return what


class _Counted(SMTP):
    def __init__(self, owner: MailServer, options: dict[str, Any]) -> None:
        super().__init__(owner, **options)
        self._owner = owner

    def connection_made(self, transport: Any) -> None:
        self._owner.connections += 1
        self._owner._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._owner._open.discard(self)
        super().connection_lost(error)


@asynccontextmanager
async def mail_server(**options: Any) -> AsyncIterator[MailServer]:
    server = MailServer(**options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for this machine, and how a server shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context
