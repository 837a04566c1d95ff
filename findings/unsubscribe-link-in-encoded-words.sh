#!/bin/sh
# aiosmtplib 5.1.3 (with aiosmtpd 1.4.6 as the server): a message whose policy keeps long lines whole is written anew
# by `send`, by a policy of 78 columns. A List-Unsubscribe link longer than that leaves as RFC 2047 encoded words,
# which have no place there: mail programs see no link, and one-click unsubscribing fails. Bytes that were made once by
# `message.as_bytes()` arrive as they are.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import asyncio
import socket
from email.message import EmailMessage
from email.policy import SMTP

import aiosmtplib
from aiosmtpd.controller import Controller

LINK = f"<https://tickets.example/unsubscribe?token={'a' * 80}>"
arrived = []


class Sink:
    async def handle_DATA(self, server, session, envelope):
        arrived.append(envelope.content.decode())
        return "250 OK"


with socket.create_server(("127.0.0.1", 0)) as probe:
    port = probe.getsockname()[1]
controller = Controller(Sink(), hostname="127.0.0.1", port=port)
controller.start()
message = EmailMessage(policy=SMTP.clone(max_line_length=998))
message["From"], message["To"], message["Subject"] = "shop@tickets.example", "ann@tickets.example", "Your tickets"
message["List-Unsubscribe"] = LINK
message.set_content("See you there.")
where = {"hostname": "127.0.0.1", "port": port}
asyncio.run(aiosmtplib.send(message, **where))
asyncio.run(aiosmtplib.send(message.as_bytes(), sender=message["From"], recipients=[message["To"]], **where))
controller.stop()
as_message, as_bytes = arrived
print(as_message.partition("\r\nContent-Type")[0])
assert LINK in as_bytes and LINK in message.as_bytes().decode()
assert "=?utf-8?q?" in as_message and LINK not in as_message, "the link arrives whole now"
PY
