"""Check-in at the door: one page for who lets people in, which works without a connection, too.

The page calls the API by itself, with its gate's credential. The shop only hands out the page and its files. Both are
the same for everybody, and say nothing of who is signed in.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json

from aiohttp import web

from web.pages import FOLDER
from web.visits import HEADERS, POLICY, VISIT, Visit

PATH = "/check-in"
WORKER = f"{PATH}/service-worker.js"

PARTS = (
    "api.js",
    "camera.js",
    "door.css",
    "gate.js",
    "keeper.js",
    "page.js",
    "reader.js",
    "rules.js",
    "signals.js",
    "store.js",
    "words.js",
)
FILES = ("icon.svg", "site.css", "vendor/jsQR.js", *(f"door/{name}" for name in PARTS))
"""What the page consists of, beside itself."""

OWN_HEADERS = {
    "content-security-policy": f"{POLICY}; worker-src 'self'",
    "permissions-policy": HEADERS["permissions-policy"].replace("camera=()", "camera=(self)"),
    "cache-control": "no-cache",
}
"""The camera is for this page alone."""

RESULTS = {
    "ADMITTED": ("good", "✓", "Come in", ""),
    "ALREADY_USED": ("bad", "✕", "Already used", "This ticket has let somebody in before."),
    "REVOKED": ("bad", "✕", "Given back", "The seat of this ticket was given back."),
    "OTHER_SHOW": ("bad", "✕", "Another show", "This ticket is for another show."),
    "TOO_EARLY": ("warn", "!", "Too early", "The doors are not open yet."),
    "SHOW_OVER": ("bad", "✕", "Show is over", ""),
    "UNKNOWN_CODE": ("bad", "✕", "No ticket", "This is no ticket of this show."),
    "CODE_REPLACED": ("bad", "✕", "Old code", "The ticket has another code by now: ask for the newest."),
    "OTHER_GATE": ("warn", "→", "Another gate", "This ticket lets in at another gate."),
    "SHOW_CANCELLED": ("bad", "✕", "Show is cancelled", ""),
    "LIST_TOO_OLD": (
        "warn",
        "!",
        "Not now",
        "There is no connection, and no door list that is new enough. Nobody can be let in.",
    ),
    "ERROR": ("warn", "!", "Not checked", "This could not be checked. Scan it again."),
}
"""By what a scan came to: its mood, its sign, its words, and what to say."""

WORDS = {
    "results": RESULTS,
    "online": "● Online",
    "offline": "◌ Offline",
    "used": "Used at {gate} at {time}.",
    "go": "Please go to {gate}.",
    "opens": "The doors open at {time}.",
    "signed": "The code is genuine, but not on this list: for another show, given back, or newer than the list.",
    "forged": "The code bears no signature of ours.",
    "judged": "Judged without a connection.",
    "of": "{admitted} of {expected}",
    "old": "too old",
    "none": "none",
    "until": "{minutes} min old, good until {time}",
    "noList": "not needed",
    "start": "Start the camera",
    "stop": "Stop the camera",
    "noCamera": "This browser gives no camera here. Type the ticket's text instead.",
    "refusedCamera": "The camera was refused. Allow it for this page, or type the ticket's text.",
    "badCredential": "This credential is not good, or not any more. Ask whoever made the gate.",
    "noConnection": "There is no connection. A shift begins with one.",
    "insecure": "This page needs https to read and to keep tickets.",
    "twice": "Check-in is open in another tab of this browser. Close that one first.",
    "noShows": "This gate has no show to come.",
    "unsent": "Scans that are not sent yet: {count}. If the shift ends now, they are lost: their tickets let in again.",
    "ended": "The shift has ended. Nothing is kept on this device.",
    "over": "This gate was revoked, or has ended.",
    "full": "Too many scans wait on this device. It needs a connection before it reads more.",
    "notKept": "Without a connection this page cannot be loaded again in this browser. Do not close it.",
    "ready": "Ready",
    "show": "Show a ticket to the camera.",
    "conflict": "{seat}: {result}",
}
"""What the page says by itself."""

routes = web.RouteTableDef()


@routes.get(PATH)
async def check_in(request: web.Request) -> web.StreamResponse:
    """Show the page; a gate's credential may be in the address behind #, which no server gets."""
    visit: Visit = request[VISIT]
    response = visit.page("check-in.html", version=files()[0], words=WORDS)
    response.headers.update(OWN_HEADERS)
    return response


@routes.get(WORKER)
async def service_worker(request: web.Request) -> web.StreamResponse:
    """Return what keeps the page and its files in a browser."""
    version, digests = files()
    known = [{"url": f"/assets/{name}", "integrity": digest} for name, digest in digests.items()]
    kept = json.dumps({"version": version, "page": PATH, "files": known}, separators=(",", ":"))
    text = (FOLDER / "static" / "door" / "service-worker.js").read_text().replace("__FILES__", kept)
    headers = {"service-worker-allowed": PATH, "cache-control": "no-cache", **OWN_HEADERS}
    return web.Response(text=text, content_type="text/javascript", headers=headers)


@functools.cache
def files() -> tuple[str, dict[str, str]]:
    """Return the version of the page and its files, and the digest of each file as browsers check it."""
    template = (FOLDER / "templates" / "check-in.html").read_bytes()
    whole = hashlib.sha256(template + json.dumps(WORDS, sort_keys=True).encode())
    digests = {}
    for name in FILES:
        content = (FOLDER / "static" / name).read_bytes()
        digests[name] = "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()
        whole.update(digests[name].encode())
    return whole.hexdigest()[:16], digests
