"""What leaves a process goes through the chassis' wrappers, where the fault points are: nothing goes around them."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHASSIS = "services/chassis"
WRAPPERS = ("ask", "call")
"""Of chassis.calls: what takes a call, and makes it."""
DRIVER_HOLDERS = tuple(
    f"{CHASSIS}/{name}.py"
    for name in (
        *("sight/faults", "store/columns", "store/connections", "store/database", "store/faulty", "store/pipeline"),
        *("process/readiness", "process/settings"),
    )
)
"""What may know the driver. Columns spell parameters for it, connections look at what came of asking, settings only
look at what it would be told, readiness does no work, it looks whether the database answers."""
SPOKEN = ("delete", "get", "patch", "post", "put", "request", "send", "stream")
"""What an HTTP client says."""
FORBIDDEN_IMPORTS = ("httpx", "requests", "socket", "urllib.request", "http.client")
SOCKET_HOLDERS = (
    *(f"{CHASSIS}/process/server.py", f"{CHASSIS}/sight/faults.py"),
    "services/notifications/webhooks/posting.py",
)
"""What may know sockets. Posting judges each address before it makes the socket that the HTTP client asks for."""


def detours(path: str, source: str) -> list[str]:
    """Return what in a module of the services goes around the wrappers."""
    tree = ast.parse(source)
    return sorted({*_imports(path, tree), *_unwrapped(path, tree)})


def _imports(path: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.split(".")[0] in ("psycopg", "psycopg_pool") and path not in DRIVER_HOLDERS:
                yield f"{path}:{node.lineno}: imports the driver"
            if name in FORBIDDEN_IMPORTS and path not in SOCKET_HOLDERS:
                yield f"{path}:{node.lineno}: imports {name}"


def _unwrapped(path: str, tree: ast.Module) -> Iterator[str]:
    """Yield uses of stubs and HTTP clients that are not arguments of a wrapper, and uses of a pool or connection."""
    clients = _made_by(tree, lambda name: name.endswith("Stub") or name == "aiohttp.ClientSession")
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        if ast.unparse(node.value) in clients and node.attr != "close" and not _is_wrapped(node, parents):
            yield f"{path}:{node.lineno}: {ast.unparse(node)} is not called through {' or '.join(WRAPPERS)}"
        if node.attr in ("_pool", "_connection", "cursor") and path not in DRIVER_HOLDERS:
            yield f"{path}:{node.lineno}: {ast.unparse(node)} goes around chassis.database"
        if ast.unparse(node.value) == "aiohttp" and node.attr in SPOKEN:
            yield f"{path}:{node.lineno}: {ast.unparse(node)} is not called through {' or '.join(WRAPPERS)}"
        if node.attr in ("unary_unary", "unary_stream", "stream_unary", "stream_stream") and not path.startswith(
            CHASSIS
        ):
            yield f"{path}:{node.lineno}: {ast.unparse(node)} goes around chassis.calls"


def _made_by(tree: ast.Module, makes: Callable[[str], bool]) -> list[str]:
    """Return what is assigned what a function makes, by its name."""
    made = []
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[target], value=ast.Call(func=maker)) if makes(ast.unparse(maker)):
                made.append(ast.unparse(target))
            case ast.AnnAssign(target=target, value=ast.Call(func=maker)) if makes(ast.unparse(maker)):
                made.append(ast.unparse(target))
    return made


def _is_wrapped(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether a node is, or stands in a lambda or local function that is, an argument of a wrapper."""
    while (parent := parents.get(node)) is not None:
        if isinstance(parent, ast.Call) and node in parent.args:
            return _wraps(parent)
        if not isinstance(parent, ast.Call | ast.Lambda):
            return _is_of_a_wrapped_function(parent, parents)
        node = parent
    return False


def _wraps(call: ast.AST | None) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in WRAPPERS


def _is_of_a_wrapped_function(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether a node stands in a local function that nothing but wrappers is given, and that nobody else calls."""
    while not isinstance(node, ast.AsyncFunctionDef):
        if (above := parents.get(node)) is None:
            return False
        node = above
    around = parents[node]
    if not isinstance(around, ast.AsyncFunctionDef):
        return False
    uses = [use for use in ast.walk(around) if isinstance(use, ast.Name) and use.id == node.name]
    return bool(uses) and all(_wraps(parents[use]) and use in parents[use].args for use in uses)  # type: ignore[attr-defined]


SOURCES = [path for path in sorted((ROOT / "services").rglob("*.py")) if "migrations" not in path.parts]


def test_nothing_goes_around_the_wrappers() -> None:
    found = [detour for path in SOURCES for detour in detours(str(path.relative_to(ROOT)), path.read_text())]
    assert found == []


CLIENT = """
class Inventory:
    def __init__(self, channel):
        self._seats = inventory_pb2_grpc.InventoryServiceStub(channel)
        self._http = aiohttp.ClientSession()
    async def hold(self, request):
        {}
"""


LOCAL = """async def asking():
            async with self._http.post(request) as answer:
                return await answer.read()
        return {}"""


@pytest.mark.parametrize(
    "fine",
    [
        "return await call(self._seats.HoldSeats, request, seconds=1)",
        "return await ask('webhook', 5, lambda: self._http.post(request))",
        "await self._http.close()",
        LOCAL.format("await ask('webhook', 5, asking)"),
    ],
)
def test_wrapped_calls_are_fine(fine: str) -> None:
    assert detours("services/booking/clients.py", CLIENT.format(fine)) == []


@pytest.mark.parametrize(
    "detour",
    [
        "return await self._seats.HoldSeats(request)",
        "return await self._seats.HoldSeats(request, timeout=3)",
        "hold = self._seats.HoldSeats",
        "return await retried(self._seats.HoldSeats, request)",
        "return await call(reserve, request, seconds=await self._seats.HoldSeats(request))",
        "return await self._http.post(request)",
        "return await asyncio.wait_for(self._http.post(request), 5)",
        "return aiohttp.request(request)",
        LOCAL.format("await asking()"),
        LOCAL.format("await ask('webhook', 5, asking), await asking()"),
        "return await self._channel.unary_unary('/x/Y')(request)",
        "return await self._db._pool.getconn()",
        "return await tx._connection.execute('SELECT 1')",
        "import psycopg",
        "from psycopg_pool import AsyncConnectionPool",
        "import urllib.request",
        "import socket",
    ],
)
def test_a_detour_is_seen(detour: str) -> None:
    assert len(detours("services/booking/clients.py", CLIENT.format(detour))) == 1


def test_stubs_are_found_where_they_are_made() -> None:
    """A stub that is never assigned to anything that this sees would not be watched."""
    text = "".join(path.read_text() for path in SOURCES)
    assigned = sum(len(_made_by(ast.parse(path.read_text()), lambda name: name.endswith("Stub"))) for path in SOURCES)
    assert assigned == text.count("Stub(") > 0
