"""The stand-in for Razorpay, over HTTP."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from storm.razorpay import KEY_ID, KEY_SECRET, Refused, StandIn


def _routes(stand_in: StandIn) -> web.RouteTableDef:
    routes = web.RouteTableDef()

    @routes.post("/v1/payment_links")
    async def create(request: web.Request) -> web.StreamResponse:
        return web.json_response(await stand_in.create_link(await request.json()))

    @routes.get("/v1/payment_links")
    async def find(request: web.Request) -> web.StreamResponse:
        reference, payment_id = request.query.get("reference_id"), request.query.get("payment_id")
        found = [
            link
            for link in stand_in.links.values()
            if (reference is None or link["reference_id"] == reference)
            and (payment_id is None or payment_id in [one["payment_id"] for one in link["payments"] or ()])
        ]
        return web.json_response({"payment_links": found})

    @routes.post("/v1/payment_links/{id}/cancel")
    async def cancel(request: web.Request) -> web.StreamResponse:
        return web.json_response(await stand_in.cancel_link(request.match_info["id"]))

    @routes.get("/v1/payments/{id}")
    async def payment(request: web.Request) -> web.StreamResponse:
        return web.json_response(stand_in.payments[request.match_info["id"]])

    @routes.get("/v1/payments/{id}/refunds")
    async def refunds(request: web.Request) -> web.StreamResponse:
        of = [one for one in stand_in.refunds.values() if one["payment_id"] == request.match_info["id"]]
        return web.json_response({"entity": "collection", "count": len(of), "items": of})

    @routes.get("/v1/disputes/{id}")
    async def dispute(request: web.Request) -> web.StreamResponse:
        return web.json_response(stand_in.disputes[request.match_info["id"]])

    @routes.get("/v1/disputes")
    async def disputes(request: web.Request) -> web.StreamResponse:
        newest = list(stand_in.disputes.values())[::-1]
        skip, count = int(request.query["skip"]), int(request.query["count"])
        return web.json_response({"entity": "collection", "items": newest[skip : skip + count]})

    @routes.post("/v1/payments/{id}/refund")
    async def refund(request: web.Request) -> web.StreamResponse:
        key = request.headers.get("x-refund-idempotency", "")
        return web.json_response(await stand_in.create_refund(request.match_info["id"], await request.read(), key))

    return routes


@asynccontextmanager
async def razorpay() -> AsyncIterator[StandIn]:
    """Run a stand-in on a free port."""
    stand_in = StandIn()
    expected = "Basic " + base64.b64encode(f"{KEY_ID}:{KEY_SECRET}".encode()).decode()

    @web.middleware
    async def misbehave(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        moods = stand_in.moods
        stand_in.asked.append(f"{request.method} {request.path}")
        if request.headers.get("authorization") != expected:
            return web.json_response({"error": {"description": "The api key provided is invalid"}}, status=401)
        if moods.hang:
            await asyncio.Event().wait()
        if moods.status:
            return web.Response(status=moods.status, text="<html>502 Bad Gateway</html>", content_type="text/html")
        try:
            answer = await handler(request)
        except Refused as refused:
            return web.json_response(refused.answer, status=refused.status)
        if moods.lose_answers and request.method == "POST":
            moods.lose_answers -= 1
            assert request.transport is not None
            request.transport.close()
        return answer

    app = web.Application(middlewares=[misbehave])
    app.add_routes(_routes(stand_in))
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    [address] = runner.addresses
    stand_in.url = f"http://127.0.0.1:{address[1]}/v1"
    try:
        yield stand_in
    finally:
        await runner.cleanup()
