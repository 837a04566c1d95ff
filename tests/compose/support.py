"""The containers' files, read as their tools read them, as far as these files go."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

import roster

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"

SECRETS = {
    **{f"{role.upper()}_PASSWORD": f"secret-of-role-{role}" for role in ("postgres", *roster.ROLES, "audit")},
    "PAYMENT_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwIo2LaLaSw3Zx",
    "SIGNING_KEY_SECRET": "whsec_N2hXclpQdTlEc0pLcTZWYm1MeDNUYUdmRXlSZzBNY1U=",
    "WEBHOOK_KEY_SECRET": "whsec_ZWluWndlaURyZWlWaWVyRnVlbmZTZWNoc1NpZWJlbjg=",
    "UNSUBSCRIBE_SECRET": "whsec_aGV5YW5vdGhlcjMyQnl0ZXNPZk5vbnNlbnNlNDU2Nzg=",
    "TICKET_KEY_SECRET": "whsec_cXVpdGVBbm90aGVyMzJCeXRlc09mTm9uc2Vuc2UxMjM=",
    "SESSION_SECRET": "whsec_c2Vzc2lvbnNBcmVFbmNyeXB0ZWRXaXRoVGhlc2UzMg==",
}

WANTED = SECRETS | {"TRUSTED_PROXIES": "0"}
"""All that production cannot do without."""

_PLACE = re.compile(r"\$\{([A-Z_]+)(?::([-?])((?:[^{}]|\$\{[^}]*\})*))?\}")


class Missing(Exception):
    """A variable has no value and the file gives no default: its name, and what the file says."""


def compose(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return docker-compose.yml with its places filled from `environment`; raise Missing where one stays empty."""
    file = _fill(yaml.safe_load(COMPOSE.read_text()), environment)
    assert isinstance(file, dict)
    return file


def environment_of(service: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a service of the file finds in its environment; what has no value passes through."""
    given = {name: environment.get(name) if value is None else value for name, value in service["environment"].items()}
    return {name: value for name, value in given.items() if value is not None}


def _fill(node: Any, environment: Mapping[str, str]) -> Any:
    match node:
        case dict():
            return {key: _fill(value, environment) for key, value in node.items()}
        case list():
            return [_fill(value, environment) for value in node]
        case str():
            return _fill_text(node, environment)
    return node


def _fill_text(text: str, environment: Mapping[str, str]) -> str:
    def value(place: re.Match[str]) -> str:
        name, operator, rest = place.groups()
        if environment.get(name):
            return environment[name]
        if operator == "?":
            raise Missing(name, rest)
        return _fill_text(rest or "", environment)

    return _PLACE.sub(value, text)


@dataclass
class Stage:
    """A stage of the Dockerfile: what it starts from, and its instructions in order."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, verb: str) -> list[str]:
        """Return what follows every instruction of that name."""
        return [rest for name, rest in self.instructions if name == verb]

    def last(self, verb: str) -> str | None:
        """Return what follows the last instruction of that name."""
        return next(reversed(self.all(verb)), None)

    def copies(self) -> list[tuple[list[str], str]]:
        """Return sources and target of each COPY from the repository."""
        found = []
        for rest in self.all("COPY"):
            words = shlex.split(rest)
            if not any(word.startswith("--from=") for word in words):
                *sources, target = (word for word in words if not word.startswith("--"))
                found.append((sources, target))
        return found


def arguments() -> dict[str, str]:
    """Return the versions that stand at the top of the Dockerfile."""
    return dict(re.findall(r"^ARG (\w+)=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE))


def stages() -> dict[str, Stage]:
    """Return the Dockerfile's stages by name, with the versions filled in."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, Stage] = {}
    stage: Stage | None = None
    for line in filter(str.strip, text.splitlines()):
        verb, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if verb == "FROM":
            base, _, name = rest.partition(" AS ")
            stage = found[name] = Stage(name, _fill_text(base, arguments()))
        elif stage is not None:
            stage.instructions.append((verb, rest))
    return found


def gateway_rendering() -> list[str]:
    """Return the command line by which the image's configuration is rendered: what follows `python -m`."""
    words = _configuration()[0]
    assert words[-2] == ">"
    return words[:-2]


def gateway_copying() -> list[str]:
    """Return the command line that copies together what the image serves: what follows `python -m`."""
    return _configuration()[1]


def certificates_making() -> list[str]:
    """Return the command line that makes certificates to try the configuration with: what follows `python -m`."""
    return _configuration()[2]


def _configuration() -> list[list[str]]:
    (command,) = stages()["configuration"].all("RUN")
    parts = [shlex.split(part) for part in command.split("&&")]
    assert all(part[:2] == ["python", "-m"] for part in parts)
    return [part[2:] for part in parts]


def options(command: list[str]) -> dict[str, str]:
    """Return a command line's `--name value` pairs."""
    return {name[2:]: value for name, value in pairwise(command) if name.startswith("--")}


def exec_form(text: str | None) -> list[str]:
    """Return the words of an instruction in exec form; fail if a shell would run it."""
    assert text is not None and text.startswith("["), f"not in exec form: {text}"
    words = json.loads(text)
    assert isinstance(words, list)
    return words


def locked(lock: Path) -> dict[str, str]:
    """Return each package of a lock with its version, markers and hashes."""
    entries = re.split(r"^(?=[a-z0-9-]+==)", lock.read_text(), flags=re.MULTILINE)[1:]
    return {entry.partition("==")[0]: re.sub(r"^ *#.*\n", "", entry, flags=re.MULTILINE) for entry in entries}
