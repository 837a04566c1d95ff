"""What the shop counts, for Prometheus to fetch from METRICS_PORT. docs/operations.md tells what each metric is for."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import Gauge, Histogram

from services.chassis.sight.metrics import SECONDS

ANSWERS = Histogram("boxoffice_page_seconds", "Duration of answers of the shop", ["route", "status"], buckets=SECONDS)
ANSWERS_NOW = Gauge("boxoffice_pages_in_progress", "Requests to the shop without an answer yet")


def count(request: web.Request, status: int, seconds: float) -> None:
    """Count an answer by its route as the shop has it, such as /events/{event_id}: never by an address."""
    resource = request.match_info.route.resource
    ANSWERS.labels(resource.canonical if resource is not None else "", str(status)).observe(seconds)
