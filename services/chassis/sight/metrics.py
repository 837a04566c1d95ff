"""What a service counts, for Prometheus to fetch from METRICS_PORT: all of it is declared here.

What happens in the process is counted where it happens. What only the database knows is asked for by a job: see
chassis/writes/measures.py. docs/operations.md tells what each metric is for.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import ClassVar

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

CALLS = Histogram("boxoffice_call_seconds", "Duration of incoming calls", ["method", "outcome"], buckets=SECONDS)
CALLS_NOW = Gauge("boxoffice_calls_in_progress", "Incoming calls without an answer yet", ["budget"])
WATCHERS = Gauge("boxoffice_booking_watchers", "Callers who watch a booking or wait for its status to change")
PEERS = Histogram(
    "boxoffice_peer_call_seconds", "Duration of calls to other services", ["method", "outcome"], buckets=SECONDS
)
BATCH = Histogram("boxoffice_desk_batch_commands", "Commands in a batch", ["desk"], buckets=SIZES)
WAIT = Histogram(
    "boxoffice_desk_wait_seconds", "Time that the first command of a batch waited", ["desk"], buckets=SECONDS
)
RUN = Histogram("boxoffice_desk_run_seconds", "Duration of batches", ["desk"], buckets=SECONDS)
QUEUED = Gauge("boxoffice_desk_queued", "Queued commands", ["desk"])
AGAIN = Counter("boxoffice_desk_again", "Batches that ran again, and commands put back", ["desk", "why"])
DELIVERED = Counter("boxoffice_outbox_messages", "Delivery attempts of messages", ["topic", "outcome"])
CONSUMER_BEHIND = Gauge(
    "boxoffice_consumer_behind_events", "Events that a consumer has not read yet", ["consumer", "topic"]
)
CONSUMER_STALLED = Gauge(
    "boxoffice_consumer_stalled_seconds", "Time for which a consumer has been failing", ["consumer", "topic"]
)
CERTIFICATE = Gauge("boxoffice_certificate_end_seconds", "End of this process's certificate, in Unix time")
UNKNOWN_WORDS = Counter("boxoffice_unknown_words", "Values from others that this version does not know", ["kind"])
JOBS = Counter("boxoffice_job_done", "Rows that jobs have handled", ["job"])


@cache
def call_timer(method: str, outcome: str) -> Histogram:
    """Return the timer of a method's calls that came to this."""
    return CALLS.labels(method, outcome)


@cache
def peer_timer(method: str, outcome: str) -> Histogram:
    """Return the timer of calls of another service's method that came to this."""
    return PEERS.labels(method, outcome)


class _Pools(Collector):
    """What pools of connections tell of themselves."""

    _NOW: ClassVar = {
        "pool_size": "Connections",
        "pool_available": "Connections that nobody has",
        "requests_waiting": "Who waits for a connection",
    }
    _EVER: ClassVar = {
        "requests_num": "Connections lent",
        "requests_wait_ms": "Milliseconds that somebody waited for one",
        "usage_ms": "Milliseconds that they were lent",
        "requests_errors": "Requests for one that failed",
        "connections_lost": "Connections lost",
    }

    def __init__(self) -> None:
        self.stats: dict[str, Callable[[], Mapping[str, int]]] = {}

    def collect(self) -> Iterable[Metric]:
        by_pool = {name: stats() for name, stats in list(self.stats.items())}
        for key, about in self._NOW.items():
            gauge = GaugeMetricFamily(f"boxoffice_pool_{key.removeprefix('pool_')}", about, labels=["pool"])
            for name, stats in by_pool.items():
                gauge.add_metric([name], stats.get(key, 0))
            yield gauge
        for key, about in self._EVER.items():
            counter = CounterMetricFamily(f"boxoffice_pool_{key}", about, labels=["pool"])
            for name, stats in by_pool.items():
                counter.add_metric([name], stats.get(key, 0))
            yield counter


POOLS = _Pools()
REGISTRY.register(POOLS)


def serve(host: str, port: int) -> None:
    """Let Prometheus fetch all this at http://host:port/metrics. Raises OSError if the port cannot be had."""
    start_http_server(port, addr=host.strip("[]"))
