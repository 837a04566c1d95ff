"""What the bank is told."""

from typing import Self

from pydantic import Field, model_validator

from services.chassis.settings import ServiceSettings, SigningSecret, looks_random


class Settings(ServiceSettings):
    """The bank's settings."""

    port: int = Field(50063, ge=1, le=65535, description="the port to listen on")
    webhook_url: str = Field(
        "http://127.0.0.1:8001/api/v1/payments/webhook",
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="where events are delivered",
    )
    payment_webhook_secret: SigningSecret = Field(description="signs webhooks: base64 of 24 random bytes or more")
    bank_seed: str = Field("boxoffice", description="decides which sessions are paid where nobody chooses")

    @model_validator(mode="after")
    def _secret_is_random_in_production(self) -> Self:
        if self.environment == "production" and not looks_random(self.payment_webhook_secret):
            raise ValueError("PAYMENT_WEBHOOK_SECRET is too weak for production: make it of random bytes")
        return self
