"""Settings: one frozen object per service, read from the environment once."""

import base64
import ipaddress
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _usable(url: SecretStr) -> SecretStr:
    """Refuse what the driver would refuse: it would quote the text, the secret in it and all."""
    text = url.get_secret_value()
    try:
        port = conninfo_to_dict(text).get("port", "5432")
    except ProgrammingError:
        port = ""
    if not (text.startswith("postgresql://") and str(port).isdecimal()):
        raise ValueError("it must look like this")
    return url


MIN_SECRET_BYTES = 24
MIN_DISTINCT_BYTES = 14
"""Far fewer than random bytes have: 24 of those almost never have less than 20."""


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(_key(secret)) < MIN_SECRET_BYTES:
        raise ValueError(f"it must be base64 of at least {MIN_SECRET_BYTES} bytes")
    return secret


SigningSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
"""A secret that signs: base64 of 24 bytes or more, with `whsec_` before it or not."""


def looks_random(secret: SecretStr) -> bool:
    """Tell whether a signing secret may be random bytes, and is not a word or a row of zeros."""
    return len(set(_key(secret))) >= MIN_DISTINCT_BYTES


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value().removeprefix("whsec_").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""


OptionalFile = Annotated[Path | None, BeforeValidator(lambda path: path or None)]

TLS_FILES = ("tls_ca_file", "tls_cert_file", "tls_key_file")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def secrets(kind: type[BaseSettings]) -> list[str]:
    """Return the settings that are secrets."""
    return [name for name, field in kind.model_fields.items() if _is_secret(field.annotation)]


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))


class ProcessSettings(BaseSettings):
    """What every process of ours is told. Names are those of the environment, in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False, str_strip_whitespace=True)

    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(ge=1, le=65535, description="the port to listen on")
    environment: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    drain_seconds: float = Field(0.0, ge=0, le=60, description="time between NOT_SERVING and refusing new calls")
    grace_seconds: float = Field(5.0, ge=0, le=120, description="time for running calls when the process stops")

    auth: Literal["on", "off"] = Field("off", description="off: any client may call any method, for development only")
    identity_address: str = Field(
        "127.0.0.1:16054", pattern=r"^\S+:\d+$", description="address of identity, host:port, for its public keys"
    )
    tls_ca_file: OptionalFile = Field(
        None, description="the certificates (PEM) of the authority that signed the peers' certificates"
    )
    tls_cert_file: OptionalFile = Field(None, description="this service's own certificate (PEM), renewed by a restart")
    tls_key_file: OptionalFile = Field(None, description="the key of that certificate (PEM)")

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take secrets that lie in files: X_FILE names the file of X."""
        for name in secrets(cls):
            variable = f"{name.upper()}_FILE"
            if not (path := os.environ.get(variable, "")):
                continue
            if given.get(name):
                raise ValueError(f"{name.upper()} and {variable} are both set: unset one")
            try:
                given = given | {name: Path(path).read_text().strip()}
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is not text"
                raise ValueError(f"{variable}: {path} cannot be read: {why}") from None
            if not given[name]:
                raise ValueError(f"{variable}: {path} is empty")
        return given

    @model_validator(mode="after")
    def _callers_are_known(self) -> Self:
        if self.auth == "on":
            if missing := [name.upper() for name in TLS_FILES if getattr(self, name) is None]:
                raise ValueError(f"{', '.join(missing)} not set, which AUTH=on takes: `make certificates` makes them")
        elif self.environment == "production":
            raise ValueError("AUTH is off, which production does not allow: set it to on")
        elif not _is_loopback(self.host):
            raise ValueError(
                f"AUTH is off, so that anybody who reaches {self.host} could do anything: set it to on, "
                "or HOST to 127.0.0.1"
            )
        return self

    @property
    def tls_files(self) -> tuple[Path, Path, Path] | None:
        """Where AUTH is on: the authority's certificates, this service's, and its key."""
        ca, cert, key = self.tls_ca_file, self.tls_cert_file, self.tls_key_file
        return (ca, cert, key) if self.auth == "on" and ca and cert and key else None

    def shown(self) -> dict[str, str]:
        """Return the settings as text, secrets hidden."""
        return {name: str(getattr(self, name)) for name in type(self).model_fields}


class ServiceSettings(ProcessSettings):
    """What every service is told besides."""

    database_url: Annotated[SecretStr, AfterValidator(_usable)] = Field(
        description="postgresql://role:secret@host:port/database"
    )
    database_pool_size: int = Field(
        8, ge=2, le=100, description="most database connections for calls; background work has others"
    )
    metrics_port: int = Field(0, ge=0, le=65535, description="port for Prometheus; 0: no metrics")
    otlp_endpoint: str = Field(
        "",
        pattern=r"^(http://([^\s/:\[\]]+|\[[0-9A-Fa-f:]+\]):\d{1,5})?$",
        description="http://host:port of a collector for traces, OTLP over gRPC; empty: no traces",
    )
    faults_address: str = Field(
        "",
        pattern=r"^((127(\.\d+){3}|localhost|\[::1\]):\d+)?$",
        description="for tests only: address of the control of fault points, host:port on loopback",
    )
    kept_keys_file: OptionalFile = Field(
        None, description="file in which the service keeps identity's public keys; unset: in memory only"
    )
    kept_keys_hours: int = Field(24, ge=1, le=168, description="longest time for which kept keys are trusted")

    @model_validator(mode="before")
    @classmethod
    def _no_faults_in_production(cls, given: dict[str, Any]) -> dict[str, Any]:
        # Before all else: whatever production lacks besides, this is told first.
        if given.get("faults_address") and given.get("environment") == "production":
            raise ValueError("FAULTS_ADDRESS is for tests and cannot be set in production: unset it")
        return given


KeyDays = Annotated[
    int, Field(ge=1, le=365, description="days for which a request may be repeated with its idempotency key")
]

EventDays = Annotated[int, Field(ge=1, le=3650, description="days for which public events are kept in their topic")]

S = TypeVar("S", bound=BaseSettings)


def load(kind: type[S], service: str) -> S:
    """Read the settings of `service` from the environment, or end the process with one line on what is wrong."""
    try:
        return kind()
    except ValidationError as error:
        problems = []
        for problem in error.errors(include_url=False, include_input=False):
            name = str(problem["loc"][0]).upper() if problem["loc"] else ""
            field = kind.model_fields.get(name.lower())
            hint = f" ({field.description})" if field is not None and field.description else ""
            message = problem["msg"].removeprefix("Value error, ")
            what = "is not set" if problem["type"] == "missing" else f"is wrong: {message}" if name else message
            problems.append(f"{name} {what}{hint}".strip())
        sys.exit(f"{service}: {'; '.join(problems)}")
