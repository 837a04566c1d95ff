"""The bank, a fake payment gateway: `python -m services.bank [serve|migrate|redrive]`."""

from datetime import timedelta
from pathlib import Path

from boxoffice.bank.v1 import bank_pb2, bank_pb2_grpc

from services.bank.measures import MEASURES
from services.bank.rpc import BankService, Sandbox
from services.bank.sessions import close
from services.bank.settings import Settings
from services.bank.webhooks import sender as jobs
from services.bank.webhooks.deliveries import Deliveries
from services.bank.webhooks.merchant import Merchant
from services.chassis.process import cli
from services.chassis.process.readiness import Readiness
from services.chassis.process.server import make_server, serve
from services.chassis.store.database import Pools, sweep_markers
from services.chassis.writes import jobs as ticking
from services.chassis.writes import measures

NAME = "bank"
SERVICES = [bank_pb2.DESCRIPTOR.services_by_name["BankService"].full_name]


async def run(settings: Settings) -> None:
    """Wire the bank together and serve."""
    url = settings.database_url.get_secret_value()
    pools = await Pools.open(url, calls=settings.database_pool_size, name=NAME)
    background = pools.background
    deliveries = Deliveries(background)
    secret = settings.payment_webhook_secret.get_secret_value()
    merchant = Merchant(settings.webhook_url, secret, connections=jobs.PARALLEL)

    ticks = ticking.scheduler()
    ticking.add(ticks, "end-sessions", lambda: close.end_due(background, deliveries), ticking.every(seconds=1))
    ticking.add(ticks, "sweep-markers", lambda: sweep_markers(background), ticking.every(minutes=5))
    measures.add(ticks, background, MEASURES)

    server = make_server(settings)
    sandbox = Sandbox(
        enabled=settings.environment != "production",
        mix=settings.bank_scenarios,
        seed=settings.bank_seed,
        delay=timedelta(seconds=settings.bank_delay_seconds),
        return_url=settings.return_url,
    )
    servicer = BankService(pools.calls, deliveries, sandbox)
    bank_pb2_grpc.add_BankServiceServicer_to_server(servicer, server)
    await serve(
        settings,
        server,
        SERVICES,
        background=[jobs.Sender(deliveries, merchant).run()],
        ticks=ticks,
        ready=Readiness(url),
        closing=[servicer.finish, deliveries.finish, merchant.close, pools.close],
    )


if __name__ == "__main__":
    cli.main(
        NAME,
        __doc__,
        Settings,
        run,
        Path(__file__).parent / "migrations",
        redrive=lambda db: Deliveries(db).redrive(),
    )
