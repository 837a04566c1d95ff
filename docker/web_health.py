"""Ask the shop in this container for its health: exit code 0 while it serves. For the container's health check."""

import http.client
import os
import ssl
import sys

SECONDS = 3


def main() -> None:
    """Ask once, on the port that the shop was told, with its own certificate at both ends where AUTH is on."""
    connection = _opened(int(os.environ["PORT"]))
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"the shop does not answer: {error}")
    if status != http.client.OK:
        sys.exit(f"the shop answers {status}")


def _opened(port: int) -> http.client.HTTPConnection:
    if os.environ.get("AUTH") != "on":
        return http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    context = ssl.create_default_context(cafile=os.environ["TLS_CA_FILE"])
    context.check_hostname = False  # it is asked by its address; that its authority is ours is verified
    context.load_cert_chain(os.environ["TLS_CERT_FILE"], os.environ["TLS_KEY_FILE"])
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=SECONDS, context=context)


if __name__ == "__main__":
    main()
