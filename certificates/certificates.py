"""Certificates for the services, by which they know each other.

In their folder there is, for each of NAMES, a folder with what that one is told and nothing else: ca.pem (TLS_CA_FILE),
cert.pem (TLS_CERT_FILE), key.pem (TLS_KEY_FILE). And a folder `ca` with the authority's own key, which nobody is told.
What is there and good stays; what is missing, damaged or about to end is made anew. The authority's key has to be
there for that: without it, nobody would believe what is made beside what there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import roster
from certificates.errors import CertificatesError
from certificates.files import write_private
from services.chassis.wire import tls

SUFFIX = tls.SUFFIX
"""What follows a service's name in its certificate."""

OPERATOR = "operator"
"""Whose certificate people's tools use, and what asks services for their health. It is nobody by itself."""
NAMES = (*roster.NAMES, "web", "gateway", OPERATOR)

AUTHORITY = "ca"

AUTHORITY_LIFE = timedelta(days=3650)
LIFE = timedelta(days=365)
RENEWED = timedelta(days=60)
"""How long before its end a certificate is replaced. The authority's is where others would outlive it."""
SKEW = timedelta(minutes=10)
"""How much the clocks of two machines may differ."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey


def make(folder: Path, *, now: datetime | None = None) -> list[str]:
    """Make what `folder` lacks; return whose certificates were made. Raise CertificatesError if it cannot be used."""
    now = now or datetime.now(UTC)
    made = []
    try:
        authority = _load(folder / AUTHORITY)
        if authority is None and any((folder / name / "cert.pem").exists() for name in NAMES):
            raise CertificatesError(
                f"the authority's key is not in {folder / AUTHORITY}, or is damaged: put it back, "
                f"or delete {folder}, make all certificates anew, and restart everything at once"
            )
        if authority is None or authority.certificate.not_valid_after_utc - now < LIFE + RENEWED:
            authority = _issue(AUTHORITY, None, now)
            _write(folder / AUTHORITY, authority)
            made.append(AUTHORITY)
        for name in NAMES:
            if not _is_good(own := folder / name, name, authority, now):
                _write(own, _issue(name, authority, now))
                write_private(own / "ca.pem", _pem(authority.certificate))
                made.append(name)
    except OSError as error:
        raise CertificatesError(f"cannot make certificates in {folder}: {error.strerror}") from None
    return made


def channel_credentials(folder: Path) -> grpc.ChannelCredentials:
    """Return what the operator of the certificates in `folder` shows to services.

    Raise CertificatesError if there is none.
    """
    own = folder / OPERATOR
    try:
        ca, cert, key = ((own / name).read_bytes() for name in ("ca.pem", "cert.pem", "key.pem"))
    except OSError as error:
        raise CertificatesError(f"cannot read the operator's certificate in {own}: {error.strerror}") from None
    return grpc.ssl_channel_credentials(ca, key, cert)


def _issue(name: str, authority: Pair | None, now: datetime) -> Pair:
    """Make a key, and a certificate of it that is signed by the authority; by itself where there is none."""
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"boxoffice {name}")])
    is_authority = authority is None
    signing_key = key if authority is None else authority.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if authority is None else authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + (AUTHORITY_LIFE if is_authority else LIFE))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(_usage(is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if not is_authority:
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name + SUFFIX)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return Pair(builder.sign(signing_key, SHA256()), key)


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_good(folder: Path, name: str, authority: Pair, now: datetime) -> bool:
    """Tell whether a certificate is this one's, of this authority, and good for long enough."""
    pair = _load(folder)
    if pair is None:
        return False
    certificate = pair.certificate
    try:
        certificate.verify_directly_issued_by(authority.certificate)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        ca = (folder / "ca.pem").read_text()
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound, FileNotFoundError):
        return False
    return (
        names.get_values_for_type(x509.DNSName) == [name + SUFFIX]
        and ca == _pem(authority.certificate)
        and certificate.not_valid_after_utc - now > RENEWED
    )


def _load(folder: Path) -> Pair | None:
    """Return what lies in a folder; None if it is missing, damaged, or the two are not of each other."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
        key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return Pair(certificate, key)


def _write(folder: Path, pair: Pair) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(folder / "key.pem", key.decode())
    write_private(folder / "cert.pem", _pem(pair.certificate))


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
