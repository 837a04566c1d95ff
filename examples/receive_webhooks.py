"""Take an organization's webhooks: WEBHOOK_SECRET=whsec_… PORT=8099 .venv/bin/python examples/receive_webhooks.py"""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            told = Webhook(os.environ["WEBHOOK_SECRET"]).verify(body, {k.lower(): v for k, v in self.headers.items()})
        except Exception:  # a message that is not signed by Boxoffice may be anything
            self.send_error(401)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(told["data"].get("challenge", "").encode())
        print(self.headers["webhook-id"], told["type"], told.get("number"), flush=True)


HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8099"))), Receiver).serve_forever()
