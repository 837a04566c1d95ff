"""Render Envoy's configuration from the templates in envoy/ and the contracts.

`python -m gateway.render` prints it, for services at hosts of their names; options say where else they are.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

import roster
from gateway import auth, library, replies, rest, shedding, static, tls
from gateway.contracts import DESCRIPTOR, PublicMethod, public_methods
from gateway.edge import Edge, add_options, edge_of

TEMPLATES = Path(__file__).with_name("envoy")

CLUSTERS = roster.NAMES
"""The services behind the gateway, by the second word of their packages."""

SHOP = "web"
"""The shop behind it, which there need not be."""

TIMEOUT_SECONDS = 5.0
"""How long a call may take: the deadline that services are told, where the caller sets none."""

WAITING_SECONDS = 30.0
"""How long one may take that waits for something to change: longer than any wait that the contracts allow."""

UPLOAD_SECONDS = 40.0
"""How long one may take that takes a file: request_timeout for the body to come, and what it takes to read it."""

LARGEST_BODY = 262144
"""Of a request that is no file, in bytes."""

GRACE_SECONDS = 0.25
"""How much later Envoy gives up, so that a service's own word on a deadline that passed comes first."""


def render(
    addresses: Mapping[str, str],
    *,
    port: int,
    admin_port: int,
    host: str = "127.0.0.1",
    admin_host: str = "127.0.0.1",
    descriptor: Path = DESCRIPTOR,
    static_folder: Path | None = None,
    edge: Edge = Edge(),  # noqa: B008  it never changes
    metrics_port: int = 0,
    otlp_endpoint: str = "",
    tls_files: tls.Files | None = None,
) -> str:
    """Return Envoy's configuration as YAML.

    `addresses` maps each of CLUSTERS to "host:port", or to several with commas between them where the service has
    replicas; SHOP as well, where there is one. `host` and `port` are where callers come in. `admin_host` had better
    stay on this machine: whoever reaches it can stop the gateway. `descriptor` and `static_folder` are where Envoy
    will find the descriptor set and the files that it serves, where that is not where they are now. `edge` says who
    may call, and how often. On `metrics_port`, at `host`, Prometheus may fetch metrics, and do nothing else; 0:
    nowhere. `otlp_endpoint`, http://host:port, is where traces go; empty: nowhere. Where calls take a token, `port`
    must not be 0, and `tls_files` are what the gateway shows to services.

    Raises ValueError where an address is missing or is not one, or AUTH is on and there are no files.
    """
    _check(addresses, edge, tls_files)
    parts, contracts = _template("routes") | _template("clusters"), DESCRIPTOR.read_bytes()
    methods = public_methods(contracts)
    values = {"host": host, "port": port, "admin_host": admin_host, "admin_port": admin_port}
    values |= {
        "routes": _routes(methods, static_folder, edge, parts, descriptor, has_shop=bool(addresses.get(SHOP))),
        "rest_check": _rest_check(contracts, edge),
        "transcoder": _transcoder(parts, descriptor, methods, LARGEST_BODY),
        "clusters": _clusters(addresses, tls_files, edge, methods, parts),
        "pace_of_holds": _fill(parts["holds"], shedding.of_holds(addresses["inventory"].count(",") + 1, edge)),
        "tracing": parts["tracing"] if otlp_endpoint else None,
        "trace_id": "%TRACE_ID%" if otlp_endpoint else None,
    }
    values |= _header_checks(parts) | _replies(parts) | _edge(edge, parts)
    filled = _fill(_template("bootstrap"), values)
    if otlp_endpoint:
        filled["static_resources"]["clusters"].append(_collector(otlp_endpoint, parts))
    if metrics_port:
        _add_metrics(filled["static_resources"], parts["metrics"], values | {"metrics_port": metrics_port})
    if edge.auth == "on":
        auth.add(filled, _fill(parts["auth"], values | auth.values(methods, host)))
    return yaml.dump(filled, Dumper=_Plain, sort_keys=False, width=1000)


def _template(name: str) -> Any:
    return yaml.load((TEMPLATES / f"{name}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)


def _add_metrics(resources: Any, part: Any, values: Mapping[str, Any]) -> None:
    resources["listeners"].append(_fill(part["listener"], values))
    resources["clusters"].append(_fill(part["cluster"], values))


def _check(addresses: Mapping[str, str], edge: Edge, tls_files: tls.Files | None) -> None:
    if missing := [name for name in CLUSTERS if not addresses.get(name)]:
        raise ValueError(f"no address for {', '.join(missing)}")
    if edge.auth == "on" and tls_files is None:
        raise ValueError("AUTH is on, which takes TLS_CA_FILE, TLS_CERT_FILE and TLS_KEY_FILE")


def _header_checks(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules for headers that the gateway reads itself."""
    return {
        "unless_request_id_is_sane": _unless("x-request-id", "[A-Za-z0-9._-]{1,100}", parts),
        "unless_deadline_is_sane": _unless("grpc-timeout", "[0-9]{1,8}[HMSmun]", parts),
        "unless_compression_is_sane": _unless("grpc-encoding", "identity|deflate|gzip", parts),
        "unless_there_is_one_host": _unless(":authority", "[^,]*", parts),
        "unless_scheme_is_plain": parts["unless_scheme_is_plain"],
        "when_there_is_a_token": parts["when_there_is_a_token"],
        "unless_it_is_grpc": _fill(parts["unless_it_is_grpc"], {"grpc_types": replies.GRPC_TYPES}),
    }


def _edge(edge: Edge, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return who may call, and how often."""
    return {
        "trusted_proxies": edge.trusted_proxies,
        "bucket": edge.bucket(),
        "cors": _fill(parts["cors"], {"origins": edge.origins(), "takes_credentials": edge.takes_credentials}),
    }


def _replies(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the gateway answers by itself."""
    return {
        "when_it_failed": parts["when_it_failed"],
        "on_failure": library.script(),
        "health_path": replies.HEALTH_PATH,
        "liveness_path": replies.LIVENESS_PATH,
        # Per cent, rounded up: a service is healthy while one of its replicas is.
        "healthy": {name: {"value": 1} for name in CLUSTERS},
        "max_static_bytes": static.MAX_BYTES,
        "replies": replies.mappers(),
    }


def _rest_check(contracts: bytes, edge: Edge) -> str:
    return rest.script(contracts, pages=[*static.paths(edge.auth), replies.HEALTH_PATH, replies.LIVENESS_PATH])


def _clusters(
    addresses: Mapping[str, str],
    tls_files: tls.Files | None,
    edge: Edge,
    methods: Sequence[PublicMethod],
    parts: Mapping[str, Any],
) -> list[Any]:
    files = tls_files if edge.auth == "on" else None
    found = [cluster for name in CLUSTERS for cluster in _clusters_of(name, addresses[name], parts, files, methods)]
    return [*found, *([_shop_cluster(addresses[SHOP], parts, files)] if addresses.get(SHOP) else [])]


def _shop_cluster(addresses: str, parts: Mapping[str, Any], files: tls.Files | None) -> Any:
    """Return the cluster of the shop, which speaks HTTP/1.1."""
    endpoints = [_endpoint(address.strip()) for address in addresses.split(",")]
    encryption = None if files is None else _fill(parts["tls"], files.values(SHOP))
    if encryption is not None:
        encryption["typed_config"]["common_tls_context"]["alpn_protocols"] = ["http/1.1"]
    values = {"name": SHOP, "tls": encryption, "endpoints": _places(endpoints)}
    discovery = parts["fixed" if all(_is_ip(host) for host, _ in endpoints) else "dns"]
    return _fill(parts["shop_cluster"], values) | discovery


def _places(endpoints: Sequence[tuple[str, int]]) -> list[Any]:
    return [
        {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}} for host, port in endpoints
    ]


def _transcoder(parts: Mapping[str, Any], descriptor: Path, methods: Sequence[PublicMethod], largest_body: int) -> Any:
    services = sorted({method.service for method in methods})
    values = {"descriptor": str(descriptor), "services": services, "largest_body": largest_body}
    return _fill(parts["transcoder"], values)


def _uploads(methods: Sequence[PublicMethod], parts: Mapping[str, Any], descriptor: Path) -> Iterator[Any]:
    """Yield the routes of the paths that take files."""
    for method in methods:
        transcoder = _transcoder(parts, descriptor, methods, method.largest_file_bytes)
        for verb, path in method.uploads:
            pattern = re.sub(r"{\w+}", "[^/?]+", path) + "/*"
            values = {"path": pattern, "verb": verb, "cluster": method.cluster, "transcoder": transcoder}
            yield _fill(parts["upload"], values)


def _routes(
    methods: Sequence[PublicMethod],
    static_folder: Path | None,
    edge: Edge,
    parts: Mapping[str, Any],
    descriptor: Path,
    *,
    has_shop: bool,
) -> Any:
    """Return where each path goes, the first that fits first."""
    return [
        *static.routes(static_folder, edge.auth, parts["static"]),
        *_uploads(methods, parts, descriptor),
        *(route for method in methods for route in _routes_of(method, methods, parts)),
        *([_fill(parts["pages"], {"cluster": CLUSTERS[0]})] if edge.cors_origins else []),
        *(_fill(parts["shop"], {"cluster": SHOP}) if has_shop else []),
    ]


def _routes_of(method: PublicMethod, methods: Sequence[PublicMethod], parts: Mapping[str, Any]) -> list[Any]:
    """Return the routes of a method: where it may wait, first those of calls that do."""
    route = _route(method, parts, UPLOAD_SECONDS if method.uploads else TIMEOUT_SECONDS)
    if method.streams:
        route["route"] |= parts["stream"] | {"cluster": shedding.cluster_of_streams(method.cluster, methods)}
        del route["request_headers_to_add"]
    if method.is_money:
        route["route"] |= parts["money"]
    if not method.waits:
        return [route]
    by_rest, by_grpc = (_route(method, parts, WAITING_SECONDS) for _ in range(2))
    by_rest["match"] |= parts["waits"]["by_rest"]
    by_grpc["match"] |= parts["waits"]["by_grpc"]
    for waiting in (by_rest, by_grpc):
        waiting["route"] |= parts["waits"]["apart"] | {"cluster": shedding.cluster_of_streams(method.cluster, methods)}
    return [by_rest, by_grpc, route]


def _route(method: PublicMethod, parts: Mapping[str, Any], seconds: float) -> Any:
    values = {
        "path": method.path,
        "cluster": shedding.cluster_of(method),
        "timeout": f"{seconds + GRACE_SECONDS:.3f}s",
        "deadline": f"{seconds * 1000:.0f}m",
        "retry_on": parts["retry_on"]["reads" if method.reads_only else "any"],
    }
    return _fill(parts["route"], values)


def _unless(header: str, sane: str, parts: Mapping[str, Any]) -> Any:
    return _fill(parts["unless_header_is_sane"], {"header": header, "sane": sane})


def _clusters_of(
    service: str, addresses: str, parts: Mapping[str, Any], files: tls.Files | None, methods: Sequence[PublicMethod]
) -> list[Any]:
    endpoints = [_endpoint(address.strip()) for address in addresses.split(",")]
    discovery = parts["fixed" if all(_is_ip(host) for host, _ in endpoints) else "dns"]
    values = {
        "tls": None if files is None else _fill(parts["tls"], files.values(service)),
        "endpoints": _places(endpoints),
    }
    bounds = shedding.clusters(service, len(endpoints), methods)
    return [_fill(parts["cluster"], values | {"name": name} | own) | discovery for name, own in bounds.items()]


def _collector(endpoint: str, parts: Mapping[str, Any]) -> Any:
    if not endpoint.startswith("http://"):
        raise ValueError(f"not an address of the form http://host:port: {endpoint!r}")
    host, port = _endpoint(endpoint.removeprefix("http://").removesuffix("/"))
    return _fill(parts["collector"], {"host": host, "port": port}) | parts["fixed" if _is_ip(host) else "dns"]


def _endpoint(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"not an address of the form host:port: {address!r}")
    return host, int(port)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _fill(node: Any, values: Mapping[str, Any]) -> Any:
    """Return a copy of a template, or of a part of one, with every `${name}` replaced by the value of that name.

    What has the value None is left out, and its key with it.
    """
    match node:
        case dict():
            filled = {key: _fill(value, values) for key, value in node.items()}
            return {key: value for key, value in filled.items() if value is not None}
        case list():
            return [_fill(value, values) for value in node]
        case str() if node.startswith("${"):
            return values[node[2:-1]]
    return node


class _Plain(yaml.CSafeDumper):
    """Writes what is used twice twice, for people to read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def main() -> None:
    """Print the configuration that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m gateway.render", description=(__doc__ or "").splitlines()[0])
    for name in CLUSTERS:
        parser.add_argument(
            f"--{name}",
            default=f"{name}:{roster.named(name).port}",
            metavar="HOST:PORT",
            help=f"where {name} is; commas between replicas (default, as in containers: %(default)s)",
        )
    parser.add_argument(f"--{SHOP}", default="", metavar="HOST:PORT", help="where the shop is (default: there is none)")
    parser.add_argument("--host", default="127.0.0.1", help="where callers come in (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8001, help="(default: %(default)s)")
    parser.add_argument("--admin-host", default="127.0.0.1", help="(default: %(default)s)")
    parser.add_argument("--admin-port", type=int, default=16081, help="(default: %(default)s)")
    parser.add_argument(
        "--descriptor", type=Path, default=DESCRIPTOR, help="where Envoy will find descriptor.binpb (default: here)"
    )
    parser.add_argument(
        "--static-folder", type=Path, help="where Envoy will find what `python -m gateway.static` copies together"
    )
    parser.add_argument(
        "--metrics-port", type=int, default=0, help="where Prometheus may fetch metrics (default: nowhere)"
    )
    parser.add_argument(
        "--otlp-endpoint",
        default=os.environ.get("OTLP_ENDPOINT", ""),
        metavar="http://HOST:PORT",
        help="where traces go, to a collector that takes OTLP by gRPC (default: OTLP_ENDPOINT, else nowhere)",
    )
    add_options(parser)
    tls.add_options(parser)
    options = parser.parse_args()
    try:
        text = render(
            {name: getattr(options, name) for name in (*CLUSTERS, SHOP)},
            host=options.host,
            port=options.port,
            admin_host=options.admin_host,
            admin_port=options.admin_port,
            descriptor=options.descriptor,
            static_folder=options.static_folder,
            edge=edge_of(options),
            metrics_port=options.metrics_port,
            otlp_endpoint=options.otlp_endpoint,
            tls_files=tls.files_of(options),
        )
    except ValueError as error:
        parser.error(str(error))
    print(text, end="")


if __name__ == "__main__":
    main()
