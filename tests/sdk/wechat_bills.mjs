// WeChat Pay's bills of practice, as two clients by other people fetch and read them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Wechatpay from "wechatpay-axios-plugin";
import { control, start, startIn } from "./practice.mjs";
import { AxiosV3, NodeV3 } from "./wechat_clients.mjs";

const DAY_MS = 86_400_000;
const NOW_MS = Date.now();
const OPTIONS = ["--wechat", "platform-certificate"];

/** Sells twice and gives 2.50 back. */
async function sell(announced) {
  const client = new AxiosV3(announced);
  for (const out_trade_no of ["9300000001", "9300000002"]) {
    const notify_url = "https://relay.invalid/notify";
    const amount = { total: 1250, currency: "CNY" };
    const sale = { description: "牛肉面, 加蛋", out_trade_no, notify_url, amount };
    const { body } = await client.native(sale);
    await control(announced, "scans", { qr: body.code_url, manner: "pays" });
  }
  const amount = { refund: 250, total: 1250, currency: "CNY" };
  await client.refund({ out_trade_no: "9300000001", out_refund_no: "9300000001R1", amount });
}

/** Moves everything that the ledger of a folder holds back to a noon in Beijing three days ago. */
function letDaysPass(state) {
  const file = join(state, "ledger.jsonl");
  const passed = NOW_MS - Date.parse(`${day(3)}T12:00:00+08:00`);
  const aged = readFileSync(file, "utf8").replace(/_ms":(\d{13})\b/g, (_, ms) => `_ms":${ms - passed}`);
  writeFileSync(file, aged);
}

/** Returns a day in Beijing so many days ago. */
function day(daysAgo) {
  return new Date(NOW_MS + 8 * 3_600_000 - daysAgo * DAY_MS).toISOString().slice(0, 10);
}

async function fetched(client, offer) {
  assert.deepEqual([offer.status, offer.body.hash_type], [200, "SHA1"], JSON.stringify(offer.body));
  const text = await client.file(offer.body.download_url);
  // fetch and axios take the byte order mark away, which the hash covers.
  const whole = text.startsWith("\uFEFF") ? text : `\uFEFF${text}`;
  assert.equal(createHash("sha1").update(whole).digest("hex"), offer.body.hash_value);
  return Wechatpay.Formatter.castCsvBill(whole);
}

const cases = {
  async "a day's trades are listed and add up"(client) {
    const { rows, summary } = await fetched(client, await client.tradeBill({ bill_date: day(3) }));
    assert.deepEqual(rows.map((row) => row["交易状态"]), ["REFUND", "SUCCESS", "SUCCESS"]);
    assert.deepEqual(rows.map((row) => row["订单金额"]), ["0.00", "12.50", "12.50"]);
    const [refund, , first] = rows;
    assert.deepEqual([refund["商户退款单号"], refund["退款金额"]], ["9300000001R1", "2.50"]);
    assert.equal(first["商户订单号"], "9300000001");
    assert.deepEqual([first["商品名称"], first["手续费"]], ["牛肉面\\  加蛋", "0.08000"]);
    const sums = ["总交易单数", "订单总金额", "退款总金额"].map((name) => summary[name]);
    assert.deepEqual(sums, ["3.0", "25.0", "2.5"]);
  },

  async "payments and refunds have bills of their own"(client) {
    const paid = await fetched(client, await client.tradeBill({ bill_date: day(3), bill_type: "SUCCESS" }));
    assert.deepEqual([paid.rows.length, "退款金额" in paid.rows[0]], [2, false]);
    const back = await fetched(client, await client.tradeBill({ bill_date: day(3), bill_type: "REFUND" }));
    assert.deepEqual([back.rows.length, back.rows[0]["退款状态"]], [1, "SUCCESS"]);
  },

  async "a day's money is listed and adds up"(client) {
    const offer = await client.fundBill({ bill_date: day(3), account_type: "BASIC" });
    const { rows, summary } = await fetched(client, offer);
    assert.deepEqual(rows.map((row) => row["收支金额(元)"]), ["12.50", "0.08", "12.50", "0.08", "2.50"]);
    assert.equal(rows.at(-1)["账户结余(元)"], "22.34");
    assert.deepEqual([summary["收入金额"], summary["支出金额"]], ["25.0", "2.66"]);
  },

  async "a day without a trade, a day to come and a file of old are refused"(client) {
    const code = ({ status, body }) => [status, body.code];
    assert.deepEqual(code(await client.tradeBill({ bill_date: day(2) })), [400, "NO_STATEMENT_EXIST"]);
    assert.deepEqual(code(await client.tradeBill({ bill_date: day(-1) })), [400, "PARAM_ERROR"]);
    const { body } = await client.tradeBill({ bill_date: day(3) });
    await assert.rejects(client.file(body.download_url.replace("ALL", "REFUND")));
  },
};

/** Runs every check of bills with both clients, three days after the sales. */
export async function wechatBills(program, check) {
  const before = await start(program, ...OPTIONS);
  await sell(before.announced);
  await before.stop();
  letDaysPass(before.state);
  const { announced, end } = await startIn(before.state, program, ...OPTIONS);
  for (const Client of [NodeV3, AxiosV3]) {
    for (const [name, body] of Object.entries(cases)) {
      await check(`WeChat bills, ${Client.title}: ${name}`, () => body(new Client(announced)));
    }
  }
  await end();
}
