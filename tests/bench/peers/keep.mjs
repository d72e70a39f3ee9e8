// What both relays keep: one row for each notice, durable before the channel is thanked.

import Database from 'better-sqlite3';

export function open(path) {
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(
    `CREATE TABLE IF NOT EXISTS notice (
      notice_id TEXT, status TEXT, out_trade_no TEXT, body BLOB, received INTEGER,
      PRIMARY KEY (notice_id, status)
    ) WITHOUT ROWID`,
  );
  const insert = database.prepare(
    'INSERT INTO notice VALUES (?, ?, ?, ?, unixepoch()) ON CONFLICT DO NOTHING',
  );
  return { database, keep: (form, body) =>
    insert.run(form.notify_id, form.trade_status, form.out_trade_no, body) };
}

// As large as the relay's: beyond it a body is refused.
export const BODY_MAX_BYTES = 64 * 1024;
export const PATH = '/notify/alipay/:merchant/:till';

export function readForms(app) {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (request, body, done) => done(null, body),
  );
}

// Says where it listens, and ends with whoever started it.
export async function serve(app) {
  process.stdin.on('end', () => process.exit(0)).resume();
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  console.log(JSON.stringify({ listen: address.replace('http://', '') }));
}
