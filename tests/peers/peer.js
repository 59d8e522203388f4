// Independent implementations of the platform's cipher, one JSON order a line in, one JSON answer a line out.
'use strict';

const readline = require('readline');
const wecom = require('@wecom/crypto');
const WeChatCrypto = require('wechat-crypto');

const peers = {
  '@wecom/crypto': {
    seal: (order) => wecom.encrypt(order.key, order.message, order.id),
    open: (order) => wecom.decrypt(order.key, order.sealed),
    sign: (order) => wecom.getSignature(order.token, order.timestamp, order.nonce, order.sealed),
  },
  'wechat-crypto': {
    seal: (order) => new WeChatCrypto(order.token, order.key, order.id).encrypt(order.message),
    open: (order) => new WeChatCrypto(order.token, order.key, order.id).decrypt(order.sealed),
    sign: (order) =>
      new WeChatCrypto(order.token, order.key, order.id).getSignature(order.timestamp, order.nonce, order.sealed),
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line);
  process.stdout.write(JSON.stringify(peers[order.peer][order.do](order)) + '\n');
});
