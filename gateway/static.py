"""What the gateway answers from files: the API's description, and a page that shows it and tries it out.

The page is Swagger UI, out of a Python package; nothing is loaded from anywhere else. `python -m gateway.static FOLDER`
copies the files together, for an image that has no Python.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DOCUMENTS = {"on": "openapi.json", "off": "openapi-without-tokens.json"}
"""The API's descriptions: where AUTH is on, and where it is off."""
PACKAGE = "mkdocs_swagger_ui_tag"

MAX_BYTES = 4 * 1024 * 1024
"""The largest file that Envoy takes; Swagger UI's script is about 1.6 MB."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    # Asked for again each time, and answered 304 while it is the same.
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True)
class StaticFile:
    """A file and where it is served."""

    path: str
    """Where callers find it."""
    source: Path
    content_type: str
    headers: Mapping[str, str]
    """What goes out with it, besides its type and HEADERS."""

    def etag(self) -> str:
        """Return the tag of its contents; a weak one, as Envoy drops strong ones from what it compresses."""
        return f'W/"{hashlib.sha256(self.source.read_bytes()).hexdigest()[:16]}"'


def files(auth: str) -> list[StaticFile]:
    """Return what is served where AUTH is this; raise FileNotFoundError where Swagger UI's package is not installed."""
    # Found and not imported: it is a plugin of a program that is not here.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise FileNotFoundError("no Swagger UI: install the package mkdocs-swagger-ui-tag")
    swagger_ui = Path(found.origin).parent / "swagger-ui"
    script, style = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
    return [
        StaticFile("/api/openapi.json", HERE / DOCUMENTS[auth], "application/json", {}),
        StaticFile(
            "/api/docs",
            HERE / "docs" / "index.html",
            "text/html; charset=utf-8",
            {"content-security-policy": POLICY},
        ),
        StaticFile("/api/docs/docs.css", HERE / "docs" / "docs.css", style, {}),
        StaticFile("/api/docs/start.js", HERE / "docs" / "start.js", script, {}),
        StaticFile("/api/docs/swagger-ui-bundle.js", swagger_ui / "javascripts" / "swagger-ui-bundle.js", script, {}),
        StaticFile("/api/docs/swagger-ui.css", swagger_ui / "stylesheets" / "swagger-ui.css", style, {}),
    ]


def paths(auth: str) -> list[str]:
    """Return the paths of the files."""
    return [file.path for file in files(auth)]


def routes(folder: Path | None, auth: str, part: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return Envoy's routes to the files where AUTH is this: for each, one for those who have it, and one for others.

    `folder` is where Envoy will find copies of them, where that is not where they are now. `part` is what all of
    these routes have.
    """
    found = []
    for file in files(auth):
        match = {"path": file.path, "headers": [_matches(":method", {"safe_regex": {"regex": "GET|HEAD"}})]}
        etag = file.etag()
        had = {**match, "headers": [*match["headers"], _matches("if-none-match", {"exact": etag})]}
        always = HEADERS | dict(file.headers) | {"etag": etag}
        body = {"filename": str(file.source if folder is None else folder / file.source.name)}
        found.append(_route(had, {"status": 304}, always, part))
        found.append(_route(match, {"status": 200, "body": body}, always | {"content-type": file.content_type}, part))
    return found


def _route(
    match: Mapping[str, Any], response: Mapping[str, Any], headers: Mapping[str, str], part: Mapping[str, Any]
) -> dict[str, Any]:
    to_add = [
        {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for name, value in headers.items()
    ]
    return {"match": match, "direct_response": response, "response_headers_to_add": to_add, **part}


def _matches(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "string_match": value}


def main() -> None:
    """Copy the files into the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m gateway.static", description="Copy the gateway's files together.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for source in {file.source for auth in DOCUMENTS for file in files(auth)}:
        shutil.copyfile(source, folder / source.name)


if __name__ == "__main__":
    main()
