"""Headless Chromium, driven over WebDriver (https://www.w3.org/TR/webdriver2/): a few HTTP calls to chromedriver.

Both are the system's own (on Debian: chromium, chromium-driver); nothing is downloaded.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from stack import ports
from tests.patience import patient

SECONDS = patient(20)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
BROWSERS = ("chromium", "chromium-browser")
QUIET = (
    "--headless",
    "--no-sandbox",  # it refuses to run as root otherwise
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--hide-scrollbars",
)


class Browser:
    """One window of Chromium."""

    def __init__(self, http: httpx.Client, session: str, name: str) -> None:
        self.name = name
        self._http = http
        self._session = session
        self._since = 0.0  # when the page was asked for, in milliseconds as the log has them

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded; what was logged before is forgotten."""
        self._log("browser")
        self._log("performance")
        self._since = time.time() * 1_000
        self._ask("POST", "url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """Run JavaScript in the page, as the driver may whatever the page's policy is."""
        return self._ask("POST", "execute/sync", {"script": script, "args": list(arguments)})

    def click(self, selector: str) -> None:
        """Click on what a user would click on: it has to be visible, and is scrolled to where no bar is over it."""
        self.run("document.querySelector(arguments[0])?.scrollIntoView({block: 'center'})", selector)
        found = self._ask("POST", "element", {"using": "css selector", "value": selector})
        self._ask("POST", f"element/{found[ELEMENT]}/click", {})

    def press(self, key: str, *, holding: str = "") -> None:
        """Press a key on what has the focus, while another one, such as Control, is held."""
        keys = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        if holding:
            keys = [{"type": "keyDown", "value": holding}, *keys, {"type": "keyUp", "value": holding}]
        self._ask("POST", "actions", {"actions": [{"type": "key", "id": "keyboard", "actions": keys}]})

    def type(self, text: str) -> None:
        """Type on what has the focus."""
        for key in text:
            self.press(key)

    def focus(self) -> str:
        """Return the id, or else the value, of what has the focus."""
        return str(self.run("const e = document.activeElement; return e.id || e.value || e.tagName"))

    def text(self, selector: str = "main") -> str:
        """Return the text that is visible in an element."""
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < end, self.text("body")
            time.sleep(0.05)

    def command(self, method: str, **parameters: object) -> Any:
        """Send a command of the Chrome DevTools Protocol (https://chromedevtools.github.io/devtools-protocol/)."""
        return self._ask("POST", "goog/cdp/execute", {"cmd": method, "params": parameters})

    def line(self, *, latency_ms: int = 0, offline: bool = False) -> None:
        """Let the page's line be slow, or cut, from now on."""
        conditions = {"latency": latency_ms, "offline": offline, "download_throughput": -1, "upload_throughput": -1}
        self._ask("POST", "chromium/network_conditions", {"network_conditions": conditions})

    def screenshot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self._ask("GET", "screenshot")))

    def complaints(self) -> list[str]:
        """Return what was logged on the console since the last page was opened."""
        # What the page before logged at last may come only now.
        return [entry["message"] for entry in self._log("browser") if entry["timestamp"] >= self._since]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last page was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
            # The browser's own first page asks for its parts for a while.
            and not message["params"]["documentURL"].startswith("chrome:")
        ]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._ask("POST", "se/log", {"type": kind})
        return entries

    def _ask(self, verb: str, path: str, body: object = None) -> Any:
        answer = self._http.request(verb, f"session/{self._session}/{path}", json=body)
        value = answer.json()["value"]
        assert answer.status_code == 200, value
        return value


def program() -> str:
    """Return the path of Chromium; fail, saying what to do, if it is not installed."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found and shutil.which("chromedriver"), (
        "install Chromium: on Debian, apt-get install chromium chromium-driver"
    )
    return found


@contextmanager
def driver(folder: Path) -> Iterator[httpx.Client]:
    """Run chromedriver; give a client of it."""
    [port] = ports.choose(1)
    with (folder / "chromedriver.log").open("wb") as log:
        process = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=log, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://{ports.LOOPBACK}:{port}", timeout=SECONDS * 3, trust_env=False) as http:
            end = time.monotonic() + SECONDS
            while not _is_ready(http):
                assert process.poll() is None and time.monotonic() < end, (folder / "chromedriver.log").read_text()
                time.sleep(0.05)
            yield http
    finally:
        process.terminate()
        process.wait(SECONDS)


@contextmanager
def opened(
    http: httpx.Client, profile: Path, *, width: int, height: int, dark: bool = False, arguments: Sequence[str] = ()
) -> Iterator[Browser]:
    """Open Chromium with a new profile, a screen of this size in CSS pixels, and further arguments."""
    options = {
        "binary": program(),
        "args": [*QUIET, f"--user-data-dir={profile}", *(["--force-dark-mode"] if dark else []), *arguments],
        # Windows cannot be as narrow as phones; screens can.
        "mobileEmulation": {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 2, "touch": False}},
    }
    wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
    answer = http.post("session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
    assert "sessionId" in answer, answer
    try:
        yield Browser(http, answer["sessionId"], profile.name)
    finally:
        http.delete(f"session/{answer['sessionId']}")


def _is_ready(http: httpx.Client) -> bool:
    try:
        return bool(http.get("status").json()["value"]["ready"])
    except httpx.TransportError:
        return False
