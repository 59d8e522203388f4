"""What the strict gateway costs, beside the library whose checks it adds: one safe-mode exchange, same run."""

import time
from statistics import median

import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import TextReply
from wechatpy.utils import check_signature

from tests.bot.channels.conftest import APP_ID, KEY, TOKEN, make_channel, make_phone

ROUNDS, EXCHANGES = 15, 300
REPLY = "臻爱无限的住院垫付等待期是30天。\n（京东安联臻爱无限 一、表）" * 3


def cost_of(exchange):
    """Return the microseconds of CPU that one exchange takes."""
    began = time.process_time()
    for _ in range(EXCHANGES):
        exchange()
    return (time.process_time() - began) / EXCHANGES * 1e6


@pytest.mark.proof
def test_an_exchange_costs_less_than_wechatpys_own(clock, capsys):
    channel, delivery = make_channel(clock), make_phone(clock).text("oPerson", "等待期多久？")
    query, crypto = delivery.query, WeChatCrypto(TOKEN, KEY, APP_ID)

    def ours():
        channel.wrap(channel.parse(query, delivery.body), REPLY)

    def theirs():
        check_signature(TOKEN, query["signature"], query["timestamp"], query["nonce"])
        opened = crypto.decrypt_message(
            delivery.body.decode(), query["msg_signature"], query["timestamp"], query["nonce"]
        )
        reply = TextReply(content=REPLY, message=parse_message(opened))
        crypto.encrypt_message(reply.render(), query["nonce"], query["timestamp"])

    pairs = [(cost_of(ours), cost_of(theirs)) for _ in range(ROUNDS)]
    ratio = median(our / their for our, their in pairs)
    with capsys.disabled():
        us, them = median(our for our, _ in pairs), median(their for _, their in pairs)
        print(f"\nsafe-mode exchange: {us:.0f} µs, wechatpy's own path {them:.0f} µs, median ratio {ratio:.2f}")
    assert ratio < 1.0
