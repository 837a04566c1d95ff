"""The Python client waits for a handshake that takes long, and does not begin it anew again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from boxoffice_client import Options, client
from certificates import certificates
from tests.clients.service import NOBODY, Script, ask, served
from tests.slow_line import slow_line

NAME = "booking.boxoffice.internal"


@pytest.mark.parametrize("seconds", [0.15, 0.5])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_the_first_call_over_a_slow_line_is_answered_over_one_connection(
    kind: Callable[..., Any],
    secure: bool,
    seconds: float,
    options: Options,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials = None
    if secure:
        certificates.make(tmp_path)
        ca, cert, key = ((tmp_path / "booking" / name).read_bytes() for name in ("ca.pem", "cert.pem", "key.pem"))
        credentials = grpc.ssl_server_credentials([(key, cert)])
        # The authority of this test instead of the world's, for a server of this name.
        monkeypatch.setattr(grpc, "ssl_channel_credentials", partial(grpc.ssl_channel_credentials, ca))
        named = (*client._CHANNEL, ("grpc.ssl_target_name_override", NAME))
        monkeypatch.setattr(client, "_CHANNEL", named)
    script = Script()
    server = await served(script, credentials)
    try:
        async with slow_line(script.url.rpartition("/")[2], seconds) as line:
            url = f"{'https' if secure else 'http'}://{line.address}"
            # Once: what the client would try again would only hide what it had lost.
            once = replace(options, attempts=1)
            assert (await ask(kind, url, once, "get_booking", booking_id=NOBODY)).id == NOBODY
            assert line.connections == 1
    finally:
        await server.stop(None)
