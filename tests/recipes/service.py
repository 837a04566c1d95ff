"""The service that CONTRIBUTING has as an example: notes, which keeps what customers write down."""

from __future__ import annotations

from tests.recipes.recipe import Recipe, after, at_the_end, before

NAME = "notes"

SETTINGS = '''"""What notes is told."""

from pydantic import Field

from services.chassis.process.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of notes."""

    port: int = Field(16055, ge=1, le=65535, description="the port to listen on")
'''

TABLES = '''"""The schema. Migrations make it; a test proves that the two agree."""

from sqlalchemy import Column, Table, Text, Uuid

from services.chassis.store import tables as chassis

metadata = chassis.metadata()

commit_markers = chassis.commit_markers(metadata)

notes = Table("notes", metadata, Column("id", Uuid, primary_key=True), Column("text", Text, nullable=False))
'''

MAIN = '''"""Notes: `python -m services.notes [serve|migrate]`."""

from pathlib import Path

from services.chassis.process import cli
from services.chassis.writes import jobs
from services.chassis.store.database import Pools, sweep_markers
from services.chassis.process.readiness import Readiness
from services.chassis.process.server import make_server, serve
from services.notes.settings import Settings


async def run(settings: Settings) -> None:
    """Wire notes together and serve."""
    url = settings.database_url.get_secret_value()
    pools = await Pools.open(url, calls=settings.database_pool_size, name="notes")
    ticks = jobs.scheduler()
    jobs.add(ticks, "sweep-markers", lambda: sweep_markers(pools.background), jobs.every(minutes=5))
    await serve(settings, make_server(settings), [], ticks=ticks, ready=Readiness(url), closing=[pools.close])


if __name__ == "__main__":
    cli.main("notes", __doc__, Settings, run, Path(__file__).parent / "migrations")
'''

ENV = '''"""Alembic's way in."""

from services.chassis.store import migrate
from services.notes.tables import metadata

migrate.run(metadata)
'''

FIRST_SCHEMA = '''"""The first schema: notes."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = """
CREATE TABLE commit_markers (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT commit_markers_pkey PRIMARY KEY (id)
);

CREATE INDEX commit_markers_created_at_idx ON commit_markers (created_at);

CREATE TABLE notes (id UUID NOT NULL, text TEXT NOT NULL, CONSTRAINT notes_pkey PRIMARY KEY (id));

CREATE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN clock_timestamp();
"""


def upgrade() -> None:
    op.execute(SCHEMA)
'''

OWN = {
    "__init__.py": "",
    "__main__.py": MAIN,
    "settings.py": SETTINGS,
    "tables.py": TABLES,
    "migrations/env.py": ENV,
    "migrations/versions/0001_first_schema.py": FIRST_SCHEMA,
}
"""The files of its folder."""

ROSTER = """
[notes]
module = "services.notes"
contracts = []
port = 16055
metrics_port = 16077
database = "notes"
calls = []
"""

LAYERS = """
[[tool.importlinter.contracts]]
id = "notes"
name = "Layers of notes"
type = "layers"
containers = ["services.notes"]
layers = ["__main__", "tables", "settings"]
exhaustive = true
"""

PASSWORD = "${NOTES_PASSWORD:?it has no default, `make secrets` makes one}"

TOLD = f"""x-notes-environment: &notes-environment
  <<: *environment
  PORT: "16055"
  DATABASE_URL: "postgresql://notes:{PASSWORD}@postgres:5432/notes"

"""

MIGRATES = """  notes-migrate:
    <<: [*once, *service]
    command: [python, -m, services.notes, migrate]
    environment: *notes-environment
    depends_on: {databases: {condition: service_completed_successfully}}

"""

SERVES = """  notes:
    <<: *service
    command: [python, -m, services.notes]
    environment: *notes-environment
    volumes: ["tls-notes:/tls:ro", "keys-notes:/keys"]
    deploy: *service-deploy
    depends_on:
      notes-migrate: {condition: service_completed_successfully}
      certificates: {condition: service_completed_successfully}

"""

SCRAPED = """  - job_name: notes
    dns_sd_configs: [{names: [notes], type: A, port: 9464, refresh_interval: 10s}]
"""

LAST = ', "services.notifications"]'
BEFORE_AUDIT = "      AUDIT_PASSWORD:"
BEFORE_GATEWAY = "  gateway:\n    <<: *contained\n"
AWAITED = "notifications: *healthy"

RECIPE = Recipe(
    {
        "roster.toml": [at_the_end(ROSTER)],
        "pyproject.toml": [(LAST, LAST.replace("]", ', "services.notes"]')), at_the_end(LAYERS)],
        "stack/postgres.py": [('"max_connections": "420"', '"max_connections": "480"')],
        "docker-compose.yml": [
            ("-cmax_connections=420", "-cmax_connections=480"),
            (
                "no_proxy: inventory,booking,payment,bank,identity,notifications,",
                "no_proxy: inventory,booking,payment,bank,identity,notifications,notes,",
            ),
            before("x-observer: &observer", TOLD),
            before(BEFORE_AUDIT, f'      NOTES_PASSWORD: "{PASSWORD}"\n'),
            before("tls-gateway:/tls/gateway", "tls-notes:/tls/notes, "),
            before(BEFORE_GATEWAY, MIGRATES + SERVES),
            after(AWAITED, ", notes: *healthy"),
            before("tls-gateway: {}", "tls-notes: {}, keys-notes: {}, "),
        ],
        "docker/prometheus/prometheus.yml": [before("  - job_name: gateway\n", SCRAPED)],
        "docker/prometheus/alerts.yml": [
            ("|notifications|gateway", "|notifications|notes|gateway"),
            ('or absent(up{job="gateway"})', 'or absent(up{job="notes"}) or absent(up{job="gateway"})'),
        ],
    },
    {f"services/{NAME}/{name}": text for name, text in OWN.items()},
)
