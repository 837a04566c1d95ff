"""The shop: `python -m web`."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
import sys

import uvloop
from aiohttp import web

from services.chassis.errors import Failure
from services.chassis.process import settings as process
from services.chassis.sight import logs, metrics
from services.chassis.wire import tls
from web.app import make_app
from web.peers import connect
from web.settings import Settings

log = logging.getLogger(__name__)

IDLE_SECONDS = 180.0
"""How long the gateway's connections may lie idle: longer than the gateway lets them."""


def main() -> None:
    """Read the settings and serve; what cannot be done ends the process with one line."""
    settings = process.load(Settings, "web")
    logs.configure("web", settings.log_level)
    try:
        uvloop.run(serve(settings))
    except Failure as failure:
        sys.exit(f"web: {failure.message}")


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    encryption = None
    if settings.tls_files is not None:
        tls.use("web", tls.Certificate.read(*settings.tls_files))
        encryption = _encryption(settings)
    services = connect(settings)
    runner = web.AppRunner(
        make_app(settings, services),
        access_log=None,
        keepalive_timeout=IDLE_SECONDS,
        shutdown_timeout=settings.grace_seconds,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, ssl_context=encryption, reuse_port=False)
        await site.start()
        if settings.metrics_port:
            metrics.serve(settings.host, settings.metrics_port)
    except OSError as error:
        await runner.cleanup()
        ports = f"{settings.port} or METRICS_PORT {settings.metrics_port}"
        raise Failure(f"cannot listen on {settings.host}, port {ports}: {error.strerror}") from None
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    log.info("serving", extra={"address": f"{settings.host}:{settings.port}", "settings": settings.shown()})
    await stop.wait()
    log.info("stopping")
    await asyncio.sleep(settings.drain_seconds)
    await runner.cleanup()
    await services.close()
    log.info("stopped")


def _encryption(settings: Settings) -> ssl.SSLContext:
    """Return what takes TLS connections, and only from who has a certificate of the authority."""
    assert settings.tls_files is not None
    authority, certificate, key = settings.tls_files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


if __name__ == "__main__":
    main()
