"""Settings of payment, from the environment."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

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
    payment_gateway: Literal["bank", "razorpay"] = Field(
        "bank", description="the gateway of new payments; older ones stay at theirs"
    )
    razorpay_key_id: str = Field(
        "", pattern=r"^([!-~]{8,100})?$", description="the key's id, as Razorpay's dashboard shows it"
    )
    razorpay_key_secret: SecretStr | None = Field(None, min_length=16, description="the key's secret")
    razorpay_webhook_secret: SecretStr | None = Field(
        None, min_length=16, description="secret that signs Razorpay's webhooks, as it was put in at its dashboard"
    )
    razorpay_webhook_secret_previous: SecretStr | None = Field(
        None, min_length=16, description="the secret before, which stays valid: Razorpay repeats a webhook for 24 hours"
    )
    razorpay_url: str = Field(
        "https://api.razorpay.com/v1", pattern=r"^https?://[^\s/]+(/\S*)?$", description="address of Razorpay's API"
    )
    idempotency_key_days: KeyDays = 7

    @model_validator(mode="after")
    def _secrets_are_random_in_production(self) -> Self:
        if self.environment == "production" and not all(map(looks_random, self.webhook_secrets)):
            raise ValueError("PAYMENT_WEBHOOK_SECRET is too weak for production: make it of random bytes")
        return self

    @model_validator(mode="after")
    def _razorpay_is_whole(self) -> Self:
        given = {
            "RAZORPAY_KEY_ID": bool(self.razorpay_key_id),
            "RAZORPAY_KEY_SECRET": self.razorpay_key_secret is not None,
            "RAZORPAY_WEBHOOK_SECRET": self.razorpay_webhook_secret is not None,
        }
        if not any(given.values()) and self.payment_gateway != "razorpay":
            return self
        if missing := [name for name, is_given in given.items() if not is_given]:
            raise ValueError(f"{', '.join(missing)} not set, which Razorpay takes: its dashboard shows them")
        if self.environment == "production":
            for name in ("public_url", "razorpay_url"):
                if not getattr(self, name).startswith("https://"):
                    raise ValueError(f"{name.upper()} must be https in production, where Razorpay is used")
        return self

    @property
    def webhook_secrets(self) -> list[SigningSecret]:
        """The secrets that are good."""
        return [s for s in (self.payment_webhook_secret, self.payment_webhook_secret_previous) if s is not None]

    @property
    def razorpay_webhook_secrets(self) -> list[SecretStr]:
        """The secrets of Razorpay's webhooks that are good."""
        return [s for s in (self.razorpay_webhook_secret, self.razorpay_webhook_secret_previous) if s is not None]
