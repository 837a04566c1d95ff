"""The same as the stand-in's, through a real PgBouncer, where there is one on this machine."""

import asyncio
import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from services.chassis.errors import FailedPrecondition, Failure, Unavailable
from services.chassis.store.connections import NONE_LEFT, examine
from stack import ports
from tests.chassis.test_connections import refused, set_all
from tests.databases import opened
from tests.patience import eventually

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no PgBouncer on this machine")


@asynccontextmanager
async def bouncer(url: str, mode: str, *, ignore: str = "options", size: int = 20) -> AsyncIterator[str]:
    """Run a PgBouncer before the database of `url`; give the URL by which it is reached."""
    parts, [port] = urlsplit(url), ports.choose(1)
    folder = tempfile.mkdtemp(prefix="boxoffice-pgbouncer-")
    os.chmod(folder, 0o755)
    settings = f"{folder}/pgbouncer.ini"
    await asyncio.to_thread(
        Path(settings).write_text,
        f"[databases]\nhere = host=127.0.0.1 port={parts.port} dbname={parts.path[1:]}"
        f" user={parts.username} password={unquote(parts.password or '')}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = {mode}\ndefault_pool_size = {size}\nignore_startup_parameters = {ignore}\n",
    )
    who: dict[str, Any] = {"user": pwd.getpwnam("nobody").pw_uid, "extra_groups": []} if os.getuid() == 0 else {}
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), "--quiet", settings, stderr=asyncio.subprocess.DEVNULL, **who
    )

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await eventually(listens)
        yield f"postgresql://anybody@127.0.0.1:{port}/here"
    finally:
        process.kill()
        await process.wait()
        shutil.rmtree(folder)


async def test_one_that_refuses_options_is_told(chassis_url: str) -> None:
    async with bouncer(chassis_url, "session", ignore="extra_float_digits") as url:
        assert "refuses the startup parameter `options`" in (await refused(url, seconds=60)).message


async def test_one_that_ignores_options_is_told(chassis_url: str) -> None:
    async with bouncer(chassis_url, "session") as url:
        assert "lock_timeout is 0 instead of 2000" in (await refused(url, seconds=60)).message


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("size", [1, 20])
async def test_one_that_does_not_keep_sessions_is_told(chassis_url: str, mode: str, size: int) -> None:
    set_all(chassis_url)
    async with bouncer(chassis_url, mode, size=size) as url:
        assert "transaction mode" in (await refused(url, seconds=60)).message
        with pytest.raises(FailedPrecondition, match="transaction mode"):
            await examine(url, asked={}, seconds=0)


async def test_one_that_keeps_sessions_is_used_where_the_database_sets_the_limits(chassis_url: str) -> None:
    set_all(chassis_url)
    async with bouncer(chassis_url, "session") as url:
        await examine(url)
        async with opened(url, pool_size=4) as db:
            await db.transact(("INSERT INTO things (id, amount) VALUES (%s, %s)", (1, 10)))
            assert [row.amount for row in await db.fetch("SELECT amount FROM things")] == [10]


async def test_one_with_too_few_sessions_is_told(chassis_url: str) -> None:
    set_all(chassis_url)
    async with bouncer(chassis_url, "session", size=1) as url:
        failure: Failure = await refused(url)
    assert isinstance(failure, Unavailable) and failure.message != NONE_LEFT
    assert "no second connection to lend" in failure.message
