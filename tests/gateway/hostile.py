"""Requests that nobody honest sends, as the bytes that go over the wire. Each has to be refused."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from dataclasses import dataclass

BOOKINGS = "/api/v1/bookings"
SHOW = "/api/v1/shows/x"
TARGETS = {
    "": f"GET {SHOW}",
    "to a list": "GET /api/v1/shows",
    "to a mutation": f"POST {BOOKINGS}",
    "to a change": f"PATCH {BOOKINGS}/x/cancel",
    "to the webhook": "POST /api/v1/payments/webhook",
    "to a stream": "GET /api/v1/seats/shows/x/watch",
    "to health": "GET /api/v1/health",
    "to liveness": "GET /healthz",
    "to the documentation": "GET /api/docs",
    "to gRPC": "POST /boxoffice.inventory.v1.CatalogService/GetShow",
    "to nothing": "GET /api/v1/nope",
}
"""What requests with hostile heads are sent to: real methods of each kind, and what there is besides."""

GET_SHOW = "/boxoffice.inventory.v1.CatalogService/GetShow"
JSON = "content-type: application/json"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass(frozen=True)
class Attack:
    """Bytes to send to the gateway. What follows after a pause comes in `later`, a piece at a time."""

    name: str
    data: bytes
    later: tuple[bytes, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it leaves something out that the gateway has to wait for."""
        return self.name.startswith("slow: ") or self.name.endswith(UNFINISHED)


UNFINISHED = (
    "a length that is not there",
    "a length of a gigabyte",
    "half a prefix",
    "no message",
    "nothing but line ends",
    "an expectation that is none",
)


def request(line: str, *headers: str, body: bytes = b"", host: str = "host: box.example") -> bytes:
    """Write a request of HTTP/1.1."""
    lines = [line, *([host] if host else []), *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def post(body: bytes, *headers: str, path: str = BOOKINGS) -> bytes:
    return request(f"POST {path} HTTP/1.1", f"content-length: {len(body)}", *(headers or (JSON,)), body=body)


SMUGGLED = request(f"POST {BOOKINGS} HTTP/1.1", JSON, "content-length: 2", body=b"{}")


def framing() -> Iterator[Attack]:
    """Where a request ends: whoever can have that read in two ways hides a second request in the first."""
    line = f"POST {BOOKINGS} HTTP/1.1"
    chunked, empty = "transfer-encoding: chunked", b"0\r\n\r\n"
    for name, headers in {
        "length and chunks": ("content-length: 5", chunked),
        "chunks and length": (chunked, "content-length: 5"),
        "two lengths": ("content-length: 2", "content-length: 150"),
        "two lengths in one": ("content-length: 2, 150",),
        "a negative length": ("content-length: -1",),
        "a length with a sign": ("content-length: +5",),
        "a length in hex": ("content-length: 0x5",),
        "a length of nothing": ("content-length:",),
        "a length beyond 64 bits": ("content-length: 99999999999999999999999",),
        "an unknown coding": ("transfer-encoding: gzip",),
        "chunks that are not last": ("transfer-encoding: chunked, identity",),
        "chunks twice": (chunked, chunked),
        "chunks with a vertical tab": ("transfer-encoding: \x0bchunked",),
        "identity": ("transfer-encoding: identity", "content-length: 5"),
        "a space before the colon": ("transfer-encoding : chunked",),
        "a folded header": ("x-a: 1\r\n transfer-encoding: chunked",),
        "a folded coding": ("transfer-encoding:\r\n chunked",),
    }.items():
        yield Attack(name, request(line, *headers, body=empty + SMUGGLED))
    for name, chunks in {
        "a chunk size that is no number": b"zz\r\n{}\r\n0\r\n\r\n",
        "a negative chunk size": b"-2\r\n{}\r\n0\r\n\r\n",
        "a chunk size beyond 64 bits": b"1ffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "a chunk that is longer than it says": b"1\r\n{}\r\n0\r\n\r\n",
        "a chunk without its end": b"2\r\n{}0\r\n\r\n",
    }.items():
        yield Attack(name, request(line, JSON, chunked, body=chunks))


def request_lines() -> Iterator[Attack]:
    """Request lines, and the paths in them."""
    for name, line in {
        "no request line": "",
        "no version": f"GET {SHOW}",
        "HTTP/0.9": f"GET {SHOW}\r\n",
        "HTTP/1.0": f"GET {SHOW} HTTP/1.0",
        "HTTP in small letters": f"GET {SHOW} http/1.1",
        "a space in the path": "GET /api/v1/ shows HTTP/1.1",
        "a NUL in the path": "GET /api/v1/shows/\0 HTTP/1.1",
        "CONNECT": "CONNECT bank:16063 HTTP/1.1",
        "a star": "OPTIONS * HTTP/1.1",
        "another host's target": "GET http://169.254.169.254/latest/meta-data HTTP/1.1",
        "another scheme's target": "GET file:///etc/passwd HTTP/1.1",
        "a target without a slash": "GET api/v1/shows HTTP/1.1",
        "a long path": f"GET /api/v1/shows/{'x' * 40_000} HTTP/1.1",
        "a long query": f"GET /api/v1/shows?pageToken={'x' * 40_000} HTTP/1.1",
        "many parameters": f"GET /api/v1/shows?{'&'.join(f'a{n}=1' for n in range(3000))} HTTP/1.1",
        "a fragment": "GET /api/v1/shows#x HTTP/1.1",
    }.items():
        yield Attack(name, request(line))
    for name, path in {
        "up and out": "/api/v1/shows/../../../etc/passwd",
        "up and out, escaped": "/api/v1/shows/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "up and out, escaped twice": "/api/v1/shows/%252e%252e%252fetc",
        "up to what is internal": "/api/v1/../../boxoffice.bank.v1.BankService/CreateSession",
        "backslashes": "/api\\v1\\..\\..\\etc\\passwd",
        "a parameter of the path": "/api/v1;a=b/shows",
        "an escaped slash": "/api%2Fv1%2Fshows",
        "an escaped NUL": "/api/v1/shows/%00",
        "an escape that is none": "/api/v1/shows?pageSize=%zz",
        "bytes that are no text": "/api/v1/shows?section%FF=1",
        "overlong UTF-8": "/api/v1/shows/%C0%AE%C0%AE",
        "an internal method": "/boxoffice.bank.v1.BankService/CreateSession",
        "reflection": "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "the admin page": "/config_dump",
        "the admin page by way of a slash more": "//config_dump",
    }.items():
        yield Attack(name, request(f"GET {path} HTTP/1.1"))
    for aim, target in TARGETS.items():
        path = target.partition(" ")[2]
        for name, line in {
            "a verb that is none": f"BREW {path} HTTP/1.1",
            "a verb in small letters": f"get {path} HTTP/1.1",
            "TRACE": f"TRACE {path} HTTP/1.1",
            "HTTP/9.9": f"{target} HTTP/9.9",
            "CONNECT with a path": f"CONNECT {path} HTTP/1.1",
        }.items():
            yield Attack(f"{name} {aim}".strip(), request(line))


def noise() -> Iterator[Attack]:
    """What is no request at all."""
    yield Attack("TLS", bytes.fromhex("16030100c8010000c40303") + bytes(200))
    yield Attack("noise", bytes(range(256)) * 8)
    yield Attack("nothing but line ends", b"\r\n" * 5000)


def header_lines() -> Iterator[Attack]:
    """Headers, but for those that say where a request ends."""
    for name, headers in {
        "an underscore": ("x_user_id: root",),
        "a header without a name": (": root",),
        "a header without a colon": ("x-user-id",),
        "a NUL in a value": ("x-a: \0",),
        "a name with a space": ("x-a b: c",),
        "a header of 64 KiB": (f"x-a: {'x' * 65_536}",),
        "two hundred headers": tuple(f"x-{n}: 1" for n in range(200)),
        "a thousand cookies": tuple(f"cookie: a{n}=1" for n in range(1000)),
        "two hosts": ("host: bank",),
    }.items():
        for aim, target in TARGETS.items():
            yield Attack(f"{name} {aim}".strip(), request(f"{target} HTTP/1.1", *headers))
    for aim, target in TARGETS.items():
        for name, host in {
            "no host": "",
            "a host with a path": "host: box.example/../bank",
            "a host of many names": "host: a b",
        }.items():
            yield Attack(f"{name} {aim}".strip(), request(f"{target} HTTP/1.1", host=host))
    yield Attack(
        "an expectation that is none",
        request(f"POST {BOOKINGS} HTTP/1.1", "expect: 1000-miracles", "content-length: 2"),
    )


def bodies() -> Iterator[Attack]:
    """What is said to be JSON."""
    for name, body in {
        "deep lists": b"[" * 200_000,
        "deep objects": b'{"showSeatIds":' * 15_000,
        "deep lists in a field": b'{"showSeatIds":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "NaN": b'{"userId":NaN}',
        "Infinity": b'{"userId":-Infinity}',
        "a huge number": b'{"userId":1' + b"0" * 100_000 + b"}",
        "a huge exponent": b'{"userId":1e999999999}',
        "a key twice": b'{"userId":"a","userId":"b"}',
        "a key twice, in two spellings": b'{"userId":"a","user_id":"b"}',
        "a key twice, once escaped": b'{"userId":"a","\\u0075serId":"b"}',
        "an unknown key": b'{"userId":"a","isAdmin":true}',
        "a prototype": b'{"__proto__":{"isAdmin":true}}',
        "many unknown keys": b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}",
        "bytes that are no text": b'{"userId":"\xc3\x28"}',
        "half of a surrogate": b'{"userId":"\\ud800"}',
        "UTF-16": '{"userId":"a"}'.encode("utf-16"),
        "a mark before": b'\xef\xbb\xbf{"userId":"a"}',
        "a NUL behind": b'{"userId":"a"}\0',
        "a second object": b'{"userId":"a"}{"userId":"b"}',
        "comments": b'{"userId":"a"/* b */}',
        "an unfinished escape": b'{"userId":"a\\',
        "entities": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "a form": b"userId=a&showId=b",
        "compressed": gzip.compress(b'{"userId":"a"}'),
        "a bomb": gzip.compress(bytes(20_000_000)),
        "too large": b'{"userId":"' + b"x" * 300_000 + b'"}',
        "spaces": b" " * 300_000,
        "multipart": b'--a\r\ncontent-disposition: form-data; name="userId"\r\n\r\na\r\n--a--\r\n',
    }.items():
        for aim, path in {"": BOOKINGS, " to a change": f"{BOOKINGS}/x/cancel", " to a tree": "/api/v1/shows"}.items():
            yield Attack(f"body: {name}{aim}", post(body, path=path))
    yield Attack("body: compressed and said so", post(gzip.compress(b"{}"), JSON, "content-encoding: gzip"))
    yield Attack("body: other than the path", post(b'{"userId":"a","venueId":"y"}', path="/api/v1/venues/x/screens"))


def slow() -> Iterator[Attack]:
    """Those who take their time."""
    line = request(f"POST {BOOKINGS} HTTP/1.1", JSON, "content-length: 100")
    yield Attack("slow: half a request line", b"GET /api")
    yield Attack(
        "slow: headers without an end", b"GET / HTTP/1.1\r\nhost: a\r\n", tuple(b"x-a: b\r\n" for _ in range(60))
    )
    yield Attack("slow: no body", line)
    yield Attack("slow: a body a byte at a time", line, tuple(b"{" for _ in range(60)))
    yield Attack("slow: chunks without an end", request(f"POST {BOOKINGS} HTTP/1.1", "transfer-encoding: chunked"))
    yield Attack("slow: half of HTTP/2", PREFACE[:10])
    yield Attack("slow: a stream that never ends", PREFACE + frame(4) + headers_frame(1, end=False))
    yield Attack("slow: headers of HTTP/2 without an end", PREFACE + frame(4) + headers_frame(1, flags=0))


# --- HTTP/2 and gRPC


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """Write a frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def field(name: str, value: str) -> bytes:
    """Write a header as HPACK does, literally and never indexed."""

    def text(raw: bytes) -> bytes:
        return (bytes([len(raw)]) if len(raw) < 127 else b"\x7f" + _rest_of_length(len(raw) - 127)) + raw

    return b"\x10" + text(name.encode()) + text(value.encode())


def _rest_of_length(left: int) -> bytes:
    rest = b""
    while left >= 128:
        rest += bytes([left % 128 + 128])
        left //= 128
    return rest + bytes([left])


CALL = {
    ":method": "POST",
    ":scheme": "http",
    ":authority": "box.example",
    ":path": GET_SHOW,
    "content-type": "application/grpc",
    "te": "trailers",
}


def headers_frame(stream: int, *, flags: int = 4, end: bool = True, **changed: str) -> bytes:
    """Write the headers of a call; `changed` names are those of CALL without their colon."""
    fields = CALL | {
        next((known for known in CALL if known.strip(":") == name), name): changed[name] for name in changed
    }
    return frame(1, b"".join(field(*each) for each in fields.items()), flags=flags | end, stream=stream)


def http2() -> Iterator[Attack]:
    """Frames that break the rules of HTTP/2, and floods of those that keep them."""
    start = PREFACE + frame(4)
    settings = frame(4)
    call = headers_frame(1, end=False)
    for name, frames in {
        "no settings": headers_frame(1),
        "data without a stream": settings + frame(0, b"x", stream=0),
        "data of an idle stream": settings + frame(0, b"x", stream=7),
        "headers of stream 0": settings + headers_frame(0),
        "headers of an even stream": settings + headers_frame(2),
        "headers that are no HPACK": settings + frame(1, b"\xff" * 50, flags=5, stream=1),
        "a frame that is too large": settings + frame(0, bytes(20_000), stream=1),
        "a window of nothing": settings + frame(8, bytes(4), stream=0),
        "a window beyond its bound": settings + frame(8, b"\x7f\xff\xff\xff") * 2,
        "a setting that is none": settings + frame(4, struct.pack(">HI", 4, 2**32 - 1)),
        "settings of half a length": settings + frame(4, b"abc"),
        "a promise": settings + frame(5, bytes(8), flags=4, stream=1),
        "padding longer than the frame": settings + call + frame(0, b"\xff", flags=8, stream=1),
        "a header in capitals": settings + frame(1, field("X-A", "b") + field(":method", "GET"), flags=5, stream=1),
        "continuation of nothing": settings + frame(9, b"", flags=4, stream=1),
        "a flood of continuations": settings
        + headers_frame(1, flags=0)
        + frame(9, field("x-a", "b") * 500, stream=1) * 200,
        "a flood of pings": settings + frame(6, bytes(8)) * 20_000,
        "a flood of settings": settings * 20_000,
        "a flood of empty frames": settings + call + frame(0, b"", stream=1) * 5_000,
        "a flood of priorities": settings + frame(2, bytes(5), stream=1) * 50_000,
        "a flood of resets": settings
        + b"".join(headers_frame(n, end=False) + frame(3, bytes(4), stream=n) for n in range(1, 4_001, 2)),
        "headers of 64 KiB": settings
        + b"".join(headers_frame(1, flags=0, **{"x-a": "x" * 15_000}) for _ in range(1))
        + frame(9, field("x-b", "x" * 15_000), stream=1) * 4
        + frame(9, b"", flags=4, stream=1),
    }.items():
        yield Attack(f"HTTP/2: {name}", (PREFACE if name == "no settings" else start) + frames)
    for name, changed in {
        "connection-specific": {"connection": "keep-alive"},
        "te of another kind": {"te": "gzip"},
        "no path": {"path": ""},
        "a relative path": {"path": "api"},
        "a line end in a value": {"x-a": "a\r\nx-user-id: root"},
        "CONNECT": {"method": "CONNECT"},
        "a websocket": {"method": "CONNECT", ":protocol": "websocket", "path": "/api/v1/seats/shows/x/watch"},
        "an upgrade": {"upgrade": "websocket", "path": SHOW, "method": "GET"},
    }.items():
        yield Attack(f"HTTP/2: {name}", start + headers_frame(1, **changed))


def grpc() -> Iterator[Attack]:
    """Messages of gRPC and gRPC-Web whose frames are wrong."""
    frames = {
        "a length that is not there": b"\0\0\0\0\x7fabc",
        "a negative length": b"\0\xff\xff\xff\xff",
        "a length of a gigabyte": b"\0\x40\0\0\0" + bytes(1000),
        "half a prefix": b"\0\0\0",
        "a flag that is none": b"\x7f\0\0\0\0",
        "compressed by nothing": b"\1\0\0\0\4\x1f\x8b\x08\0",
        "garbage": b"\0\0\0\0\4\xff\xff\xff\xff",
        "garbage behind": b"\0\0\0\0\0" + b"\xff" * 50,
        "two messages": b"\0\0\0\0\0" * 2,
        "no message": b"",
    }
    for name, data in frames.items():
        for tongue in ("grpc", "grpc-web"):
            content_type = f"content-type: application/{tongue}"
            yield Attack(f"{tongue}: {name}", post(data, content_type, "te: trailers", path=GET_SHOW))
    bomb = gzip.compress(bytes(50_000_000))
    bomb = b"\1" + struct.pack(">I", len(bomb)) + bomb
    encoded = ("content-type: application/grpc", "te: trailers", "grpc-encoding: gzip")
    yield Attack("grpc: a bomb", post(bomb, *encoded, path=GET_SHOW))
    yield Attack("grpc: a coding that is none", post(bomb, *encoded[:2], "grpc-encoding: zip", path=GET_SHOW))
    yield Attack("grpc-web: no base64", post(b"\xff\xfe!", "content-type: application/grpc-web-text", path=GET_SHOW))
    yield Attack(
        "grpc: an internal method", post(b"\0\0\0\0\0", *encoded[:2], path=GET_SHOW.replace("GetShow", "Nope"))
    )
    stream = PREFACE + frame(4) + headers_frame(1, end=False)
    for name, data in frames.items():
        yield Attack(f"gRPC by HTTP/2: {name}", stream + frame(0, data, flags=1, stream=1))


ATTACKS = [*framing(), *request_lines(), *header_lines(), *noise(), *bodies(), *http2(), *grpc(), *slow()]
