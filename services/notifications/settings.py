"""Settings of notifications, from the environment."""

from pydantic import Field

from services.chassis.process.settings import ServiceSettings


class Settings(ServiceSettings):
    """Notifications' settings."""

    port: int = Field(16056, ge=1, le=65535, description="the port to listen on")
    inventory_address: str = Field("127.0.0.1:16051", description="address of inventory, host:port")
    booking_address: str = Field("127.0.0.1:16052", description="address of booking, host:port")
    notice_retention_days: int = Field(
        30, ge=1, le=3_650, description="days after which a notice that was read is removed"
    )
