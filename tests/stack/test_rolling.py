"""Everything is restarted, and migrated, while customers book: none of them may notice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.chassis.migrate import migrate
from stack import audit, credentials, services
from stack.__main__ import say
from stack.launcher import Stack, temporary_stack
from stack.services import SERVICES
from tests.stack.customers import Customers

REPLICAS = 2
ROLLS = int(os.environ.get("ROLLS", "1"))
STORIES = 2
"""How many stories of each kind have to come to their end before the next is restarted."""

MIGRATION = '''
"""What the next version will want: a column, which the code that runs knows nothing of."""

from alembic import op

revision, down_revision = "{revision}", "{before}"


def upgrade() -> None:
    op.execute("ALTER TABLE {table} ADD COLUMN wanted_next TEXT DEFAULT '' NOT NULL")
'''
BUSIEST = {"inventory": "show_seats", "booking": "bookings", "payment": "payments", "bank": "sessions"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with temporary_stack(replicas=REPLICAS, say=say) as stack:
        yield stack


def migrate_all(stack: Stack, folder: Path) -> None:
    """Give the busiest table of each service a column more, as its next version would, while all of it runs."""
    secrets = credentials.load(stack.settings.data_dir / credentials.FILE)
    for service in SERVICES:
        wider = folder / service.name
        shutil.copytree(service.migrations.parent, wider)
        last = max(path.name.partition("_")[0] for path in service.migrations.glob("[0-9]*.py"))
        text = MIGRATION.format(revision="9999", before=last, table=BUSIEST[service.name])
        (wider / "versions" / "9999_wanted_next.py").write_text(text)
        migrate(service.name, wider, services.database_url(stack.settings, secrets, service.name))


@pytest.mark.timeout(120 * ROLLS)
def test_everything_is_migrated_and_restarted_under_load_and_no_request_fails(stack: Stack, tmp_path: Path) -> None:
    before = {name: stack.pid(name) for name in stack.names}
    with Customers(stack.public_url) as customers:
        migrate_all(stack, tmp_path)
        customers.wait_for_more(STORIES)
        for _ in range(ROLLS):
            for number in range(REPLICAS):
                stack.roll_replicas(number)
                customers.wait_for_more(STORIES)
            stack.roll_gateway()
            customers.wait_for_more(STORIES)
    assert customers.failures == [], "\n".join(customers.failures)
    stayed = {name for name, pid in before.items() if stack.pid(name) == pid}
    assert stayed == {"postgres"}
    audit.rest(stack.server.url, audit.REST_SECONDS)
    assert audit.look(stack.server.url).broken == []
