"""What a service counts, and how Prometheus gets it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.request import urlopen

from prometheus_client import REGISTRY, Gauge
from prometheus_client.parser import text_string_to_metric_families

from services.chassis.sight import metrics
from services.chassis.store.database import Database
from services.chassis.writes.desk import Desk
from services.chassis.writes.measures import OUTBOX, Measure
from services.chassis.writes.outbox import Message, Outbox
from stack.ports import choose
from tests.patience import patient


@dataclass(frozen=True)
class Named:
    urgent: ClassVar[bool] = False

    key: str


def value(sample: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(sample, labels) or 0.0


async def test_a_desk_tells_how_large_its_batches_are_and_how_many_wait() -> None:
    held = asyncio.Event()

    async def run(batch: Sequence[Named], *, wait: bool) -> list[str]:
        await held.wait()
        return [one.key for one in batch]

    desk: Desk[Named, str] = Desk(run, name="told")
    answers = [desk.enqueue(Named(str(number))) for number in range(3)]
    assert value("boxoffice_desk_queued", desk="told") == 3
    held.set()
    await asyncio.gather(*answers)
    assert value("boxoffice_desk_queued", desk="told") == 0
    assert value("boxoffice_desk_batch_commands_count", desk="told") == 1
    assert value("boxoffice_desk_batch_commands_sum", desk="told") == 3
    assert value("boxoffice_desk_wait_seconds_count", desk="told") == 1
    await desk.close()


async def test_messages_that_wait_are_told_by_topic_until_they_are_gone(db: Database) -> None:
    async with db.transaction() as tx:
        await Outbox(db).append(tx, [Message("captures", b"")])
    await db.execute("UPDATE outbox SET created_at = created_at - interval '1 hour'")
    for measure in OUTBOX:
        await measure.take(db)
    assert 3600 <= value("boxoffice_outbox_lag_seconds", topic="captures") < 4000
    await db.execute("UPDATE outbox SET dead_at = clock_timestamp()")
    for measure in OUTBOX:
        await measure.take(db)
    assert value("boxoffice_outbox_dead_letters", topic="captures") == 1
    assert REGISTRY.get_sample_value("boxoffice_outbox_lag_seconds", {"topic": "captures"}) is None


async def test_a_measure_of_nothing_is_zero(db: Database) -> None:
    gauge = Gauge("boxoffice_test_seconds", "of a test")
    await Measure(gauge, "SELECT max(created_at) - max(created_at) AS value FROM outbox").take(db)
    assert value("boxoffice_test_seconds") == 0


async def test_everything_can_be_fetched_pools_among_it(db: Database) -> None:
    [port] = choose(1)
    metrics.serve("127.0.0.1", port)
    metrics.call_timer("/a/B", "OK").observe(0.1)

    def fetch() -> str:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=patient(5)) as answer:
            return str(answer.read().decode())

    families = {family.name: family for family in text_string_to_metric_families(await asyncio.to_thread(fetch))}
    assert {"boxoffice_call_seconds", "boxoffice_pool_size", "process_cpu_seconds"} <= families.keys()
    assert any(sample.value >= 1 for sample in families["boxoffice_pool_size"].samples)
