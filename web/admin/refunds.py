"""Refunds that the bank has declined for good."""

from __future__ import annotations

from aiohttp import web

from web.admin.access import admin

A_PAGE = 50
LONGEST_TOKEN = 200

routes = web.RouteTableDef()


@routes.get("/admin/refunds")
async def refunds(request: web.Request) -> web.StreamResponse:
    """Show refunds that are stuck, the oldest first."""
    visit = admin(request)
    token = request.query.get("page", "")[:LONGEST_TOKEN]
    found = await visit.services.list_stuck_refunds(page_size=A_PAGE, page_token=token)
    return visit.page("admin/refunds.html", found=found, is_done="done" in request.query)


@routes.post("/admin/refunds")
async def redrive(request: web.Request) -> web.StreamResponse:
    """Have the refunds tried again that were chosen."""
    visit = admin(request)
    await visit.form()
    if chosen := await visit.choices("refund"):
        await visit.services.redrive_refunds(refund_ids=chosen)
    raise web.HTTPSeeOther("/admin/refunds?done=1" if chosen else "/admin/refunds")
