"""Settings of the bank, from the environment."""

from typing import Literal, Self

from pydantic import Field, model_validator

from services.chassis.process.settings import ServiceSettings, SigningSecret, looks_random


class Settings(ServiceSettings):
    """The bank's settings."""

    port: int = Field(16063, ge=1, le=65535, description="the port to listen on")
    webhook_url: str = Field(
        "http://127.0.0.1:8001/api/v1/payments/webhook",
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="address for webhooks",
    )
    return_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+/\S*)?$",
        description="where customers go back to; {order_id} in it is the merchant's name for what is paid",
    )
    payment_webhook_secret: SigningSecret = Field(description="signs webhooks: base64 of 24 random bytes or more")
    bank_seed: str = Field("boxoffice", description="seed of the outcomes of sessions for which nobody chooses one")
    bank_scenarios: Literal["plain", "mixed"] = Field(
        "plain",
        description="plain: 9 of 10 sessions are paid unless somebody chooses; mixed: some of them misbehave too",
    )
    bank_delay_seconds: float = Field(
        1200, gt=0, le=86_400, description="delay of a late webhook or payment; longer than a booking's time by default"
    )

    @model_validator(mode="after")
    def _secret_is_random_in_production(self) -> Self:
        if self.environment == "production" and not looks_random(self.payment_webhook_secret):
            raise ValueError("PAYMENT_WEBHOOK_SECRET is too weak for production: make it of random bytes")
        return self
