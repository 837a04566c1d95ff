#!/bin/sh
# razorpay 2.0.1: `client.enable_retry(True)` sends a POST again after a lost connection, up to five times, and gives it
# no idempotency key: a refund whose answer was lost is asked for anew, as another refund. The server here is a
# stand-in on loopback that takes each request whole and hangs up on the first two.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import razorpay

taken = []


class Gateway(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        taken.append((self.path, body, sorted(name.lower() for name in self.headers)))
        if len(taken) < 3:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"id": "rfnd_3"}')

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = razorpay.Client(auth=("key", "secret"), base_url=f"http://127.0.0.1:{server.server_port}")
client.enable_retry(True)
answer = client.payment.refund("pay_1", {"amount": 100})
server.shutdown()
keys = [name for _, _, names in taken for name in names if "idempotency" in name]
print(f"one call of refund: {len(taken)} equal requests taken, headers with a key: {keys}, answer {answer}")
assert len(taken) == 3 and len({(path, body) for path, body, _ in taken}) == 1, "refunds are not sent again now"
assert not keys, "they carry a key now"
PY
