"""A service whose handshake takes long is waited for, and the call answered."""

from __future__ import annotations

from pathlib import Path

import httpx

from gateway.edge import Edge
from gateway.render import render
from gateway.tls import Files
from stack import ports
from tests.gateway.fakes import Gateway
from tests.gateway.guarded import KEY, guarded_services, made, publish
from tests.patience import eventually, patient
from tests.slow_line import slow_line

SECONDS = 0.7
"""Twice each way is a handshake, and then once each way is the call."""


async def test_a_call_that_needs_a_new_connection_over_a_slow_line_is_answered(tmp_path: Path) -> None:
    folder = made(tmp_path)
    services = guarded_services(folder)
    await services.start()
    publish(services, KEY)
    [port] = ports.choose(1)
    files = Files(*(str(folder / "gateway" / name) for name in ("ca.pem", "cert.pem", "key.pem")))
    async with slow_line(services.addresses["inventory"], 0) as line:
        addresses = services.addresses | {"inventory": line.address}
        gateway = Gateway(tmp_path, render(addresses, port=port, admin_port=0, edge=Edge(auth="on"), tls_files=files))
        await gateway.start()
        try:
            async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as rest:

                async def healthy() -> bool:
                    return (await rest.get("/api/v1/health")).status_code == 200

                await eventually(healthy)
                line.seconds = SECONDS  # those who ask for health are connected, and nobody else
                answer = await rest.get("/api/v1/shows")
            assert answer.status_code == 200, answer.text
        finally:
            await gateway.stop()
            await services.stop()
