"""All of Boxoffice on a Citus cluster: its story is played, and audited."""

from __future__ import annotations

import io
from collections.abc import Iterator

import psycopg
import pytest

from audit import audit
from audit.errors import AuditError
from stack import citus, story
from stack.launcher import Stack
from tests.citus.conftest import programs
from tests.patience import patient
from tests.stacks import started


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PG_BIN", str(programs()))
        patch.setenv("NODES", "2")
        with started(auth="off") as stack:
            yield stack


def test_the_story_is_played_and_all_invariants_hold(stack: Stack) -> None:
    out = io.StringIO()
    assert story.play(stack.settings, out) == 0, out.getvalue()
    with stack.server.connect(citus.DATABASE) as connection:
        [nodes] = connection.execute(
            "SELECT count(DISTINCT nodeport) FROM citus_shards WHERE table_name = 'show_seats'::regclass"
        ).fetchall()
    assert nodes == (2,)


def test_what_a_node_has_prepared_is_under_way(stack: Stack) -> None:
    worker = stack.servers[1]
    with worker.connect(citus.DATABASE) as connection:
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE prepared (id int)")
        connection.execute("PREPARE TRANSACTION 'prepared'")
        assert audit.under_way(stack.server.url) == {"transactions that nodes have prepared": 1}
        connection.execute("ROLLBACK PREPARED 'prepared'")
    assert audit.rest(stack.server.url, patient(10))


def test_an_audit_says_that_a_node_is_away(stack: Stack) -> None:
    stack.stop_one("postgres-3")
    with pytest.raises((AuditError, psycopg.Error), match=r"node|connect"):
        audit.under_way(stack.server.url)
    stack.start_one("postgres-3")
    assert audit.look(stack.server.url, wait_seconds=patient(10)).broken == []
