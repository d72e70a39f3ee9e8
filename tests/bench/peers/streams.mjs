// Tills' streams as plain Node holds them: node:http, one raw response each, and a comment every
// few seconds. usage: node streams.mjs BEAT_MS

import { createServer } from 'node:http';

const beatMs = Number(process.argv[2]);
const tills = new Map();
const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write('event: hello\ndata: {}\n\n');
  const till = request.url.slice('/stream/'.length);
  tills.set(till, response);
  request.on('close', () => tills.delete(till));
});
server.requestTimeout = 0;
setInterval(() => {
  for (const response of tills.values()) response.write(': alive\n\n');
}, beatMs);
process.stdin.on('end', () => process.exit(0)).resume();
server.listen(0, '127.0.0.1', 20_000, () => {
  console.log(JSON.stringify({ listen: `127.0.0.1:${server.address().port}` }));
});
