"""Settings of the shop, from the environment."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from services.chassis.process.settings import ProcessSettings, SigningSecret, looks_random


class Settings(ProcessSettings):
    """The shop's settings."""

    port: int = Field(16057, ge=1, le=65535, description="the port to listen on")
    metrics_port: int = Field(0, ge=0, le=65535, description="port for Prometheus; 0: no metrics")
    inventory_address: str = Field("127.0.0.1:16051", description="address of inventory, host:port")
    booking_address: str = Field("127.0.0.1:16052", description="address of booking, host:port")
    payment_address: str = Field("127.0.0.1:16053", description="address of payment, host:port")
    notifications_address: str = Field("127.0.0.1:16056", description="address of notifications, host:port")
    public_url: str = Field(
        "http://127.0.0.1:8001",
        pattern=r"^https?://[^\s/]+$",
        description="address at which visitors reach Boxoffice, without a path",
    )
    session_secret: SigningSecret = Field(description="encrypts visitors' sessions: base64 of 24 bytes or more")
    session_secret_previous: SigningSecret | None = Field(
        None, description="the secret before it, whose sessions are still taken"
    )
    most_requests: int = Field(
        200, ge=1, le=10_000, description="requests that are answered at once; more are told 503"
    )
    max_seats_per_user: int = Field(6, ge=1, le=100, description="most seats of one show for one user")

    @model_validator(mode="after")
    def _sessions_are_safe(self) -> Self:
        if self.environment != "production":
            return self
        if not self.public_url.startswith("https://"):
            raise ValueError("PUBLIC_URL is not https://, which production takes: sessions travel over TLS only")
        if not looks_random(self.session_secret):
            raise ValueError("SESSION_SECRET is not random bytes, which production takes: `make secrets` makes one")
        return self

    @property
    def is_secure(self) -> bool:
        """Whether visitors come over TLS."""
        return self.public_url.startswith("https://")

    @property
    def session_secrets(self) -> list[str]:
        """The secrets whose sessions are taken; the first encrypts."""
        secrets: list[SecretStr | None] = [self.session_secret, self.session_secret_previous]
        return [secret.get_secret_value() for secret in secrets if secret is not None]
