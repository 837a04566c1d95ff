"""Settings of payment, from the environment."""

from typing import Self

from pydantic import Field, model_validator

from services.chassis.process.settings import KeyDays, ServiceSettings, SigningSecret, looks_random


class Settings(ServiceSettings):
    """Payment's settings."""

    port: int = Field(16053, ge=1, le=65535, description="the port to listen on")
    booking_address: str = Field("127.0.0.1:16052", description="address of booking, host:port")
    payment_gateway_url: str = Field(
        "grpc://127.0.0.1:16063", pattern=r"^grpc://[^\s/]+:\d+$", description="address of the bank, grpc://host:port"
    )
    public_url: str = Field(
        "http://127.0.0.1:8001",
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="address at which customers reach Boxoffice",
    )
    payment_webhook_secret: SigningSecret = Field(
        description="secret that signs webhooks: base64 of 24 random bytes or more"
    )
    payment_webhook_secret_previous: SigningSecret | None = Field(
        None, description="the secret before, which stays valid during a rotation"
    )
    session_margin_seconds: int = Field(
        120, ge=0, le=600, description="seconds by which a session ends before its booking and before the end of sales"
    )
    poll_first_seconds: float = Field(
        5, gt=0, le=600, description="seconds until payment first asks the bank about a payment"
    )
    poll_max_seconds: float = Field(
        30, gt=0, le=600, description="longest time between later questions, give or take a quarter"
    )
    idempotency_key_days: KeyDays = 7

    @model_validator(mode="after")
    def _secrets_are_random_in_production(self) -> Self:
        if self.environment == "production" and not all(map(looks_random, self.webhook_secrets)):
            raise ValueError("PAYMENT_WEBHOOK_SECRET is too weak for production: make it of random bytes")
        return self

    @property
    def webhook_secrets(self) -> list[SigningSecret]:
        """The secrets that are good."""
        return [s for s in (self.payment_webhook_secret, self.payment_webhook_secret_previous) if s is not None]
