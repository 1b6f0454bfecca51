"""A mail server for tests. Arguments: the folder in which mails are kept, a file with a certificate and its key (PEM), and four
ports on 127.0.0.1: plain; with STARTTLS; with TLS from the start; plain, for user "user" with the password "s3cret-pass" alone.

Each mail is a file N.json: sender, recipients, the name that the client gave, the user, whether TLS was on, and the content in
base64. Recipients that begin with "reject" are not taken, "greylist" is not taken for now; of mails to "refuse" the content is not taken.
"""
import asyncio
import base64
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

folder, certificate = sys.argv[1:3]
plain, starttls, tls, auth = (int(a) for a in sys.argv[3:7])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)


class Handler:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("reject"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("greylist"):
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if any(to.startswith("refuse") for to in envelope.rcpt_tos):
            return "554 5.6.0 the content is refused"
        mail = {
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "helo": session.host_name, "tls": session.ssl is not None,
            "user": session.auth_data.login.decode() if session.authenticated else None, "content": base64.b64encode(envelope.original_content).decode(),
        }
        Handler.count += 1
        name = os.path.join(folder, "%d.json" % Handler.count)
        with open(name + ".new", "w") as f:
            json.dump(mail, f)
        os.rename(name + ".new", name)
        return "250 2.0.0 accepted for delivery"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"user" and data.password == b"s3cret-pass", handled=False, auth_data=data)


def server(**options):
    return SMTP(Handler(), hostname="mail.example", enable_SMTPUTF8=True, data_size_limit=4 << 20, authenticator=authenticate, **options)


async def main():
    loop = asyncio.get_running_loop()
    listen = [
        await loop.create_server(lambda: server(auth_exclude_mechanism=["LOGIN", "PLAIN"]), "127.0.0.1", plain),
        await loop.create_server(lambda: server(tls_context=context), "127.0.0.1", starttls),
        await loop.create_server(lambda: server(auth_require_tls=False), "127.0.0.1", tls, ssl=context),
        await loop.create_server(lambda: server(auth_require_tls=False, auth_required=True), "127.0.0.1", auth),
    ]
    await asyncio.gather(*(s.serve_forever() for s in listen))


asyncio.run(main())
