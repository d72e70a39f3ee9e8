// A relay that somebody has measured: the key is read once, a notice is checked once, and whatever
// came in one turn of the event loop is one commit. usage: node tuned.mjs KEY DATABASE

import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import { BODY_MAX_BYTES, PATH, open, readForms, serve } from './keep.mjs';

const [, , path, databasePath] = process.argv;
const der = Buffer.from(readFileSync(path, 'utf8'), 'base64');
const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
const { database, keep } = open(databasePath);

let waiting = [];
const commit = database.transaction((batch) => {
  for (const { form, body } of batch) keep(form, body);
});
function flush() {
  const batch = waiting;
  waiting = [];
  commit(batch);
  for (const { thank } of batch) thank('success');
}

const app = fastify({ bodyLimit: BODY_MAX_BYTES });
readForms(app);
app.post(PATH, (request, reply) => {
  const form = Object.fromEntries(new URLSearchParams(request.body));
  const { sign, sign_type: _, ...signed } = form;
  const text = Object.keys(signed).sort().map((name) => `${name}=${signed[name]}`).join('&');
  if (!verify('RSA-SHA256', Buffer.from(text), key, Buffer.from(sign, 'base64'))) {
    return reply.code(401).send('fail');
  }
  return new Promise((thank) => {
    waiting.push({ form, body: request.body, thank });
    if (waiting.length === 1) setImmediate(flush);
  });
});
await serve(app);
