"""Transport between services: TLS with a certificate at both ends, where AUTH is on.

Every service has a certificate of its own from the deployment's private authority. The name in it says who it is: to
whom it calls, that this is the service they meant, and to whom it is called by, which service calls.
"""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.chassis.errors import Failure
from services.chassis.sight import metrics

log = logging.getLogger(__name__)

SUFFIX = ".boxoffice.internal"
"""What follows a service's name in its certificate, as a DNS name: booking.boxoffice.internal."""

SHORT = timedelta(days=14)
"""A certificate that is not good for longer is warned of at the start."""


@dataclass(frozen=True)
class Certificate:
    """A service's certificate and its key, and the authority whose certificates are believed; all as PEM."""

    name: str
    """The service whose certificate it is."""
    until: datetime
    authority: bytes = field(repr=False)
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def read(cls, ca_file: Path, cert_file: Path, key_file: Path) -> "Certificate":
        """Read the files; raise Failure, which says what is wrong with which, if they are of no use now."""
        authority, chain, key = (
            _read(setting, file)
            for setting, file in (("TLS_CA_FILE", ca_file), ("TLS_CERT_FILE", cert_file), ("TLS_KEY_FILE", key_file))
        )
        try:
            x509.load_pem_x509_certificates(authority)
        except ValueError:
            raise Failure(f"TLS_CA_FILE: {ca_file} holds no certificate in PEM") from None
        try:
            own = x509.load_pem_x509_certificates(chain)[0]
        except ValueError:
            raise Failure(f"TLS_CERT_FILE: {cert_file} holds no certificate in PEM") from None
        try:
            public = load_pem_private_key(key, None).public_key()
        except (ValueError, TypeError):
            raise Failure(f"TLS_KEY_FILE: {key_file} holds no key in PEM without a password") from None
        if public != own.public_key():
            raise Failure(f"TLS_KEY_FILE: {key_file} is not the key of the certificate in {cert_file}")
        now = datetime.now(UTC)
        if not own.not_valid_before_utc <= now < own.not_valid_after_utc:
            raise Failure(
                f"TLS_CERT_FILE: the certificate in {cert_file} is good from {own.not_valid_before_utc:%Y-%m-%d %H:%M} "
                f"to {own.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, not now: make another (docs/security.md)"
            )
        name = _name(_dns_names(own))
        if not name:
            raise Failure(f"TLS_CERT_FILE: the certificate in {cert_file} names no …{SUFFIX}")
        return cls(name, own.not_valid_after_utc, authority, chain, key)

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return what a server takes TLS connections with, and only from who has a certificate of the authority."""
        return grpc.ssl_server_credentials([(self.key, self.chain)], self.authority, require_client_auth=True)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return what shows this certificate to who is called, and believes in the authority only."""
        return grpc.ssl_channel_credentials(self.authority, self.key, self.chain)


own: Certificate | None = None
"""This process's certificate; None while AUTH is off, and what it sends and takes is plain."""


def use(service: str, certificate: Certificate) -> None:
    """Have this process, which is the service, show the certificate from now on; raise Failure if it is another's."""
    global own
    if certificate.name != service:
        raise Failure(f"TLS_CERT_FILE: the certificate is of {certificate.name}{SUFFIX}, and this is {service}")
    if certificate.until - datetime.now(UTC) < SHORT:
        log.warning("the certificate is good until %s only: renew it (docs/security.md)", certificate.until)
    metrics.CERTIFICATE.set(certificate.until.timestamp())
    own = certificate


def open_channel(address: str, service: str, options: list[tuple[str, Any]]) -> grpc.aio.Channel:
    """Open a channel that ends at this service and no other; a plain one while AUTH is off."""
    if own is None:
        return grpc.aio.insecure_channel(address, options=options)
    options = [*options, ("grpc.ssl_target_name_override", f"{service}{SUFFIX}")]
    return grpc.aio.secure_channel(address, own.channel_credentials(), options=options)


def peer(context: Any) -> str:
    """Return the service at the other end of a call by its certificate; empty where there is none.

    The handshake has verified it. It takes two microseconds.
    """
    return _name(name.decode() for name in context.auth_context().get("peer_dns", ()))


def _name(names: Any) -> str:
    return next((name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)), "")


def _dns_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return names.value.get_values_for_type(x509.DNSName)


def _read(setting: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{setting}: {file} cannot be read: {error.strerror}") from None
