// Peer: the same work by Node's ws. It hears the same Redis, keeps the newest price of an item in a tick, and writes to who wants it.
//   node ws_peer.mjs REDIS_SOCKET TICK_MS FOLDER    prints its port; FOLDER has node_modules

import { createRequire } from 'node:module';

const [redisSocket, tick, folder] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const { WebSocketServer } = require('ws');
const Redis = require('ioredis');

const topics = new Map();
let dirty = new Map();
let due = null;
let last = -Infinity;

function publish(text) {
  const said = JSON.parse(text);
  for (const message of Array.isArray(said) ? said : [said]) {
    const { epoch, published, received, stored, ...told } = message;
    if (topics.has(told.item_id)) dirty.set(told.item_id, told);
  }
  if (due === null && dirty.size) due = setTimeout(flush, Math.max(0, last + Number(tick) - performance.now()));
}

// As ws is used at its best: encoded once, and what a client gets in a tick goes out in one write.
function flush() {
  due = null;
  last = performance.now();
  const outboxes = new Map();
  for (const [item, message] of dirty) {
    const data = Buffer.from(JSON.stringify(message));
    for (const client of topics.get(item) ?? []) {
      const outbox = outboxes.get(client);
      if (outbox) outbox.push(data);
      else outboxes.set(client, [data]);
    }
  }
  dirty = new Map();
  for (const [client, outbox] of outboxes) {
    if (client.bufferedAmount > 65536) continue;
    const socket = client._socket;
    if (outbox.length > 1) socket.cork();
    for (const data of outbox) client.send(data, { binary: false });
    if (outbox.length > 1) socket.uncork();
  }
}

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, path: '/api/v1/ws' });
server.on('connection', (client) => {
  const items = new Set();
  client.on('message', (text) => {
    for (const item of JSON.parse(text).item_ids) {
      items.add(item);
      if (!topics.has(item)) topics.set(item, new Set());
      topics.get(item).add(client);
    }
    client.send(JSON.stringify({ type: 'subscribed', item_ids: [...items] }));
  });
  client.on('close', () => {
    for (const item of items) topics.get(item).delete(client);
  });
});
const redis = new Redis(redisSocket);
redis.on('message', (_channel, text) => publish(text));
await redis.subscribe('prices');
console.log(server.address().port);
process.stdin.resume().on('end', () => process.exit());
