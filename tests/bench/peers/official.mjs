// A relay as the SDK's own documents have it: fastify, the official SDK, better-sqlite3; each
// notice its own commit. usage: node official.mjs KEY DATABASE

import { readFileSync } from 'node:fs';
import { AlipaySdk } from 'alipay-sdk';
import fastify from 'fastify';
import { BODY_MAX_BYTES, PATH, open, readForms, serve } from './keep.mjs';

const [, , key, path] = process.argv;
const sdk = new AlipaySdk({
  appId: '2021000000000001',
  privateKey: 'none is needed to check a notice',
  alipayPublicKey: readFileSync(key, 'utf8'),
});
const { keep } = open(path);
const app = fastify({ bodyLimit: BODY_MAX_BYTES });
readForms(app);
app.post(PATH, (request, reply) => {
  const form = Object.fromEntries(new URLSearchParams(request.body));
  if (!sdk.checkNotifySignV2(form)) return reply.code(401).send('fail');
  keep(form, request.body);
  return reply.send('success');
});
await serve(app);
