"""Ask the service in this container for its health: exit code 0 while it is SERVING. For the image's HEALTHCHECK."""

import os
import sys
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.chassis.errors import Failure
from services.chassis.wire.tls import SUFFIX, Certificate

SECONDS = 3


def main() -> None:
    """Ask once, on the port that the service was told."""
    address = f"127.0.0.1:{os.environ['PORT']}"
    try:
        opened = _open(address)
    except Failure as failure:
        sys.exit(failure.message)
    with opened as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
        except grpc.RpcError as error:
            sys.exit(f"{address}: {error.code().name}")
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        sys.exit(f"{address}: {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)}")


def _open(address: str) -> grpc.Channel:
    """Open a channel to the service; where AUTH is on, with its own certificate at both ends."""
    options: list[tuple[str, str | int]] = [("grpc.enable_http_proxy", 0)]
    if os.environ.get("AUTH") != "on":
        return grpc.insecure_channel(address, options=options)
    own = Certificate.read(*(Path(os.environ[name]) for name in ("TLS_CA_FILE", "TLS_CERT_FILE", "TLS_KEY_FILE")))
    options.append(("grpc.ssl_target_name_override", f"{own.name}{SUFFIX}"))
    return grpc.secure_channel(address, own.channel_credentials(), options=options)


if __name__ == "__main__":
    main()
