"""What the webhook is measured against: wechatpy's own crypto, parser and reply in a bare Flask view.

It stores nothing. Run as `python -m tests.bench.echo_app` by the very code that serves the assistant: the same
server, processes and threads.
"""

import os

from flask import Flask, Response, request
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import create_reply
from wechatpy.utils import check_signature

from bot.accounts import WechatAccount
from bot.server import serve
from bot.settings import load_settings


class NoMachine:
    """Stands where the assistant has its worker."""

    def start(self) -> None:
        """Nothing works behind an echo."""

    def stop(self) -> None:
        """Nothing is left to finish."""


def create_app(account: WechatAccount) -> Flask:
    """Return an app that answers each text with itself, as wechatpy's own example does."""
    app = Flask("echo")
    crypto = WeChatCrypto(account.token, account.encoding_aes_key, account.app_id)

    @app.post("/webhooks/<_account>")
    def echo(_account: str) -> Response:
        query = request.args
        timestamp, nonce = query["timestamp"], query["nonce"]
        check_signature(account.token, query["signature"], timestamp, nonce)
        opened = crypto.decrypt_message(request.data, query["msg_signature"], timestamp, nonce)
        message = parse_message(opened)
        reply = create_reply(message.content, message)
        return Response(crypto.encrypt_message(reply.render(), nonce, timestamp), mimetype="application/xml")

    @app.get("/readyz")
    def ready() -> str:
        return "ready\n"

    return app


def main() -> None:
    """Serve by the environment's settings until told to stop."""
    settings = load_settings(os.environ)
    [account] = settings.accounts
    serve(settings, lambda: create_app(account), machine_of=lambda _: NoMachine())


if __name__ == "__main__":
    main()
