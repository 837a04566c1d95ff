"""What may be chosen about a stack, read from the environment once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, create_model, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.edge import Edge, origins_of
from roster import SERVICES
from stack.errors import StackError

ROOT = Path(__file__).resolve().parent.parent

SINGLE = ("gateway_port", "envoy_admin_port", "postgres_port", "mail_sink_port")
"""The ports of what has no replicas."""
PORT_STEP = 100
"""How far apart the ports of a service's replicas are."""

Port = Annotated[int, Field(ge=1, le=65535)]


def _some_folder(given: Path | str | None) -> Path | None:
    return Path(given).expanduser().absolute() if given else None


if TYPE_CHECKING:
    _Ports = BaseSettings
else:
    _Ports = create_model(
        "_Ports",
        __base__=BaseSettings,
        **{f"{service.name}_port": (Port, service.port) for service in SERVICES},
        **{f"{service.name}_metrics_port": (Port, service.metrics_port) for service in SERVICES},
    )


class Settings(_Ports):
    """A stack's settings. Each is the environment variable of the same name in capitals.

    The services' ports, such as `inventory_port` and `inventory_metrics_port`, are made from the roster.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    # Below the ports that systems give to outgoing connections, and nobody's (docs/adr/0023).
    gateway_port: Port = 8001
    envoy_admin_port: Port = 16081
    gateway_metrics_port: Port = 16075
    postgres_port: Port = 16082
    mail_sink_port: Port = 16083
    web: Literal["on", "off"] = Field(default="on", description="off: no shop is started, the API alone answers")
    web_port: Port = 16057
    web_metrics_port: Port = 16079
    replicas: int = Field(default=1, ge=1, le=9, description="processes of each service, their ports 100 apart")
    data_dir: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())] = ROOT / "data"
    start_seconds: float = Field(default=30, gt=0, description="how long a process may take until it is healthy")
    auth: Literal["on", "off"] = Field(
        default="off", description="on: calls take a token, and services speak TLS, as in production"
    )
    rate_limit_per_second: int = Field(
        default=Edge.rate_limit_per_second, ge=1, le=1_000_000, description="the gateway's, for each caller"
    )
    trusted_proxies: int = Field(default=0, ge=0, le=10, description="own proxies that stand before the gateway")
    cors_origins: str = Field(default="", description="origins whose pages may call; commas between them")
    cors_credentials: Literal["on", "off", ""] = Field(
        default="", description="whether these pages may send cookies; empty: on, unless all origins may call"
    )
    hold_pace_milliseconds: int = Field(
        default=Edge.hold_pace_milliseconds, ge=1, le=1_000, description="how long half of the holds may take"
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/]+)?$",
        description="address at which customers reach the gateway, without a path; empty: this machine's",
    )
    smtp_host: str = Field(default="", description="a mail server of your own; empty: mails are kept as files")
    smtp_port: Port = 587
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    otlp_endpoint: str = Field(default="", description="where traces go, http://host:port; empty: nowhere")
    pg_bin: Annotated[Path | None, BeforeValidator(_some_folder)] = Field(
        default=None, description="programs of another PostgreSQL; empty: the one of `make env`"
    )
    nodes: int = Field(default=0, ge=0, le=8, description="workers of a Citus cluster for inventory; 0: one server")
    postgres_durable: bool = Field(default=True, description="false: faster, but a power cut may lose everything")

    def ports(self) -> dict[str, int]:
        """Return every port by the name of its variable: of services, those of the first replicas."""
        names = [name for name in type(self).model_fields if name.endswith("_port") and name != "smtp_port"]
        return {name.upper(): getattr(self, name) for name in names}

    def all_ports(self) -> dict[str, int]:
        """Return every port by the name of its variable, those of further replicas as well."""
        return {
            name + (f" + {PORT_STEP * number}" if number else ""): port + PORT_STEP * number
            for name, port in self.ports().items()
            for number in range(self._count(name.lower()))
        }

    def _count(self, name: str) -> int:
        """Return how many processes there are of one that has such a port."""
        return self.nodes + 1 if name == "postgres_port" else 1 if name in SINGLE else self.replicas

    def tls(self) -> Path | None:
        """Return the folder of the certificates that services show each other; None where AUTH is off."""
        return self.data_dir / "tls" if self.auth == "on" else None

    def edge(self) -> Edge:
        """Return the gateway's settings."""
        origins = origins_of(self.cors_origins)
        return Edge(
            self.rate_limit_per_second,
            self.trusted_proxies,
            origins,
            self.auth,
            self.cors_credentials,
            self.hold_pace_milliseconds,
        )

    @model_validator(mode="after")
    def _origins_are_some(self) -> Self:
        self.edge()
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        ports = self.all_ports()
        for port, uses in Counter(ports.values()).items():
            if uses > 1:
                names = " and ".join(name for name, value in ports.items() if value == port)
                raise ValueError(f"{names} are both {port}")
        if max(ports.values()) > 65535:
            raise ValueError(
                f"the ports of {max(self.replicas, self.nodes + 1)} replicas, {PORT_STEP} apart, go beyond 65535"
            )
        return self


def load() -> Settings:
    """Read the settings from the environment; raise StackError if one of them is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        problems = (
            f"{str(problem['loc'][0]).upper()}: {problem['msg']}" if problem["loc"] else problem["msg"]
            for problem in error.errors(include_url=False, include_input=False)
        )
        raise StackError(f"settings are wrong: {'; '.join(problems)}") from None
