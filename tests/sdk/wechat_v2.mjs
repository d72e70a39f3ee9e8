// WeChat Pay's API v2 of practice, as `wechatpay-axios-plugin` sees it.
//
// The client verifies whatever it takes for success. A refusal it throws before it looks at the
// signature, so that is verified here with the same code of the client's.

import assert from "node:assert/strict";
import https from "node:https";
import { dirname, join } from "node:path";
import Wechatpay from "wechatpay-axios-plugin";
import { control, notices, read, start } from "./practice.mjs";
import { secrets } from "./wechat_clients.mjs";

const { Aes, Hash, Transformer } = Wechatpay;
const NOTIFY = "https://relay.invalid/notify/wechat/1900009999/7";

/** A shop with the client, over a line without TLS and over one with the merchant's certificate. */
class Shop {
  constructor(announced, signType, prefix) {
    const { appid, mchid, base, base_tls, root_cert_file } = announced.wechat;
    this.announced = announced;
    this.signType = signType;
    this.prefix = prefix;
    this.own = { appid, mch_id: mchid, sign_type: signType };
    this.key = secrets(announced).v2;
    this.ca = read(root_cert_file);
    this.v2 = this.client({ baseURL: base }).v2;
    this.money = this.client({ baseURL: base_tls, merchant: this.certificate("merchant") }).v2;
    this.count = 0;
  }

  /** Builds a client; the part for v3 wants keys too, which no call here uses. */
  client(options) {
    const { mchid, merchant_serial, platform_serial, merchant_private_key_file, platform_cert_file } =
      this.announced.wechat;
    return new Wechatpay({
      mchid,
      serial: merchant_serial,
      privateKey: read(merchant_private_key_file),
      certs: { [platform_serial]: read(platform_cert_file) },
      secret: this.key,
      proxy: false,
      ...options,
    });
  }

  /** Returns what a line with TLS shows: the merchant's certificate, or the platform's. */
  certificate(whose) {
    const files = this.announced.wechat;
    const key = {
      merchant: files.merchant_private_key_file,
      platform: join(dirname(files.papers_file), "wechat_platform_private_key.pem"),
    };
    return { cert: read(files[`${whose}_cert_file`]), key: read(key[whose]), ca: this.ca };
  }

  number() {
    this.count += 1;
    return `92${this.prefix}${String(this.count).padStart(8, "0")}`;
  }

  control(path, body) {
    return control(this.announced, path, body);
  }

  spoil(call, fault) {
    return this.control("weather", { next: [{ method: `wechat.v2.${call}`, fault }] });
  }

  /** Asks, and returns the fields of an answer that is signed the way the request was. */
  async ask(call, fields, options) {
    const answered = call.post({ ...this.own, ...fields }, options);
    const answer = (await answered.catch(refusal)).data;
    const sign = Hash.sign(this.signType, answer, this.key);
    assert.ok(Hash.equals(sign, answer.sign), JSON.stringify(answer));
    return answer;
  }

  async micropay(out_trade_no, manner) {
    const auth_code = (await this.control("payment-codes", { channel: "wechat", manner })).code;
    assert.match(auth_code, /^1[0-5]\d{16}$/);
    return this.ask(this.v2.pay.micropay, this.sale(out_trade_no, auth_code));
  }

  sale(out_trade_no, auth_code) {
    const body = "牛肉面 & <热> \"汤\"";
    return { body, out_trade_no, auth_code, total_fee: 1250, spbill_create_ip: "127.0.0.1" };
  }

  /** Pays at once and returns the number. */
  async paid() {
    const number = this.number();
    assert.equal((await this.micropay(number, "pays")).result_code, "SUCCESS");
    return number;
  }

  query = (out_trade_no) => this.ask(this.v2.pay.orderquery, { out_trade_no });
  reverse = (out_trade_no) => this.ask(this.money.secapi.pay.reverse, { out_trade_no }, { security: true });

  refund(out_trade_no, out_refund_no, refund_fee) {
    const fields = { out_trade_no, out_refund_no, total_fee: 1250, refund_fee, notify_url: NOTIFY };
    return this.ask(this.money.secapi.pay.refund, fields, { security: true });
  }

  refundQuery = (out_refund_no) => this.ask(this.v2.pay.refundquery, { out_refund_no });
}

/** What the client throws for a FAIL; anything else is thrown on. */
function refusal(error) {
  if (error.code !== "EV2_RES_STATUS_CODE_NOT_SUCESS") throw error;
  return error.response;
}

function refused(answer, code) {
  assert.deepEqual([answer.return_code, answer.result_code, answer.err_code], ["SUCCESS", "FAIL", code]);
}

const cases = {
  async "a scanned code pays at once"(shop) {
    const number = shop.number();
    const paid = await shop.micropay(number, "pays");
    assert.deepEqual([paid.result_code, paid.trade_type, paid.out_trade_no], ["SUCCESS", "MICROPAY", number]);
    assert.deepEqual([paid.total_fee, paid.cash_fee, paid.fee_type], ["1250", "1250", "CNY"]);
    assert.match(paid.time_end, /^\d{14}$/);
    const found = await shop.query(number);
    assert.deepEqual([found.trade_state, found.transaction_id], ["SUCCESS", paid.transaction_id]);
  },

  async "a customer who must type a password is waited for"(shop) {
    const number = shop.number();
    refused(await shop.micropay(number, "by_hand"), "USERPAYING");
    assert.equal((await shop.query(number)).trade_state, "USERPAYING");
    await shop.control("trades", { out_trade_no: number, manner: "pays" });
    const found = await shop.query(number);
    assert.deepEqual([found.trade_state, found.total_fee], ["SUCCESS", "1250"]);
  },

  async "a customer who gives up leaves a payment to be reversed"(shop) {
    const number = shop.number();
    refused(await shop.micropay(number, "refuses"), "USERPAYING");
    assert.equal((await shop.query(number)).trade_state, "PAYERROR");
  },

  async "a code that is none, or used, is refused with a signature"(shop) {
    const none = shop.sale(shop.number(), "281234567890123456");
    refused(await shop.ask(shop.v2.pay.micropay, none), "AUTH_CODE_INVALID");
    const shown = await shop.control("payment-codes", { channel: "wechat", manner: "pays" });
    await shop.ask(shop.v2.pay.micropay, shop.sale(shop.number(), shown.code));
    refused(await shop.ask(shop.v2.pay.micropay, shop.sale(shop.number(), shown.code)), "AUTH_CODE_ERROR");
  },

  async "a number nobody knows is not found"(shop) {
    refused(await shop.query(shop.number()), "ORDERNOTEXIST");
    refused(await shop.refundQuery(shop.number()), "REFUNDNOTEXIST");
    const reversed = await shop.reverse(shop.number());
    refused(reversed, "ORDERNOTEXIST");
    assert.equal(reversed.recall, "N");
  },

  async "a reverse returns the money of a paid one, and can be repeated"(shop) {
    const number = await shop.paid();
    for (const _ of [1, 2]) {
      const reversed = await shop.reverse(number);
      assert.deepEqual([reversed.result_code, reversed.recall], ["SUCCESS", "N"]);
    }
    assert.equal((await shop.query(number)).trade_state, "REVOKED");
  },

  async "a reverse closes an unpaid one, once the dialog is over"(shop) {
    const number = shop.number();
    await shop.micropay(number, "by_hand");
    const early = await shop.reverse(number);
    refused(early, "USERPAYING");
    assert.equal(early.recall, "Y");
    await shop.control("trades", { out_trade_no: number, manner: "refuses" });
    assert.equal((await shop.reverse(number)).recall, "N");
    assert.equal((await shop.query(number)).trade_state, "REVOKED");
  },

  async "a reverse that is put off says so"(shop) {
    const number = await shop.paid();
    await shop.spoil("reverse", { kind: "retry_later" });
    assert.equal((await shop.reverse(number)).recall, "Y");
    assert.equal((await shop.query(number)).trade_state, "SUCCESS");
  },

  async "a refund is accepted once and can be asked about"(shop) {
    const number = await shop.paid();
    const first = await shop.refund(number, `${number}R1`, 250);
    assert.deepEqual([first.result_code, first.refund_fee, first.total_fee], ["SUCCESS", "250", "1250"]);
    assert.equal((await shop.refund(number, `${number}R1`, 250)).refund_id, first.refund_id);
    refused(await shop.refund(number, `${number}R1`, 251), "REFUND_FEE_MISMATCH");
    const asked = await shop.refundQuery(`${number}R1`);
    assert.deepEqual([asked.refund_count, asked.refund_id_0, asked.refund_fee_0], ["1", first.refund_id, "250"]);
    assert.equal((await shop.query(number)).trade_state, "REFUND");
  },

  async "a refund arrives, is changed, or is closed, and its notice says so"(shop) {
    const ends = { arrived: "SUCCESS", abnormal: "CHANGE", closed: "REFUNDCLOSE" };
    for (const [how, status] of Object.entries(ends)) {
      const number = await shop.paid();
      await shop.refund(number, `${number}R1`, 250);
      await shop.control("refunds", { out_refund_no: `${number}R1`, how });
      assert.equal((await shop.refundQuery(`${number}R1`)).refund_status_0, status);
      const [{ about, url, body }] = await notices(shop.announced, number);
      const outer = Transformer.toObject(body);
      assert.deepEqual([url, outer.mch_id, outer.sign], [NOTIFY, shop.own.mch_id, undefined]);
      const inner = Transformer.toObject(Aes.AesEcb.decrypt(outer.req_info, Hash.md5(shop.key)));
      assert.deepEqual([inner.refund_status, inner.out_refund_no], [status, `${number}R1`]);
      assert.deepEqual([inner.refund_fee, inner.total_fee], ["250", "1250"]);
      const taken = Transformer.toXml({ return_code: "SUCCESS", return_msg: "OK" });
      await shop.control("notices/answers", { about, status: 200, body: taken });
      assert.deepEqual(await notices(shop.announced, number), []);
    }
  },

  async "a scanned payment has no notice"(shop) {
    assert.deepEqual(await notices(shop.announced, await shop.paid()), []);
  },

  async "a payment's notice of v2 is signed with either hash"(shop) {
    const types = new Set();
    for (let count = 0; count < 8; count += 1) {
      const number = await shop.paid();
      const about = { payment: { out_trade_no: number } };
      await shop.control("notices", { about, url: NOTIFY, form: "v2" });
      const [{ body }] = await notices(shop.announced, number);
      const fields = Transformer.toObject(body);
      const type = fields.sign_type ?? "MD5";
      assert.ok(Hash.equals(Hash.sign(type, fields, shop.key), fields.sign), body);
      assert.deepEqual([fields.out_trade_no, fields.total_fee], [number, "1250"]);
      types.add(type);
      const taken = "<xml><return_code>SUCCESS</return_code></xml>";
      await shop.control("notices/answers", { about, status: 200, body: taken });
    }
    assert.deepEqual([...types].sort(), ["HMAC-SHA256", "MD5"]);
  },

  async "without the merchant's certificate no money goes back"(shop) {
    const number = await shop.paid();
    const baseURL = shop.announced.wechat.base_tls;
    const bare = { baseURL, httpsAgent: new https.Agent({ ca: shop.ca }) };
    const another = { baseURL, merchant: shop.certificate("platform") };
    for (const options of [bare, another]) {
      const { secapi, pay } = shop.client(options).v2;
      const security = options === another;
      // What comes back is a page of the web server's, which the client cannot read as XML.
      const asText = { security, transformResponse: [(page) => page] };
      const fields = { ...shop.own, out_trade_no: number };
      const refund = { ...fields, out_refund_no: `${number}R1`, total_fee: 1250, refund_fee: 250 };
      const refusals = [secapi.pay.reverse.post(fields, asText), secapi.pay.refund.post(refund, asText)];
      for (const { reason } of await Promise.allSettled(refusals)) {
        assert.equal(reason.response.status, 400);
        assert.match(reason.response.data, /No required SSL certificate was sent/);
      }
      // What moves no money is heard over the same line.
      const found = await shop.ask(pay.orderquery, { out_trade_no: number }, { security });
      assert.equal(found.trade_state, "SUCCESS");
    }
  },

  async "a request signed with another key is turned away without a signature"(shop) {
    const stranger = shop.client({ baseURL: shop.announced.wechat.base, secret: "0".repeat(32) }).v2;
    const fields = { ...shop.own, out_trade_no: shop.number() };
    const { data } = await stranger.pay.orderquery.post(fields).catch(refusal);
    assert.deepEqual(data, { return_code: "FAIL", return_msg: "签名错误" });
  },

  async "what is wrongly signed, unsigned or cut short is rejected"(shop) {
    const number = await shop.paid();
    for (const kind of ["wrong_signature", "unsigned", "truncated", "garbage", "empty"]) {
      await shop.spoil("orderquery", { kind });
      await assert.rejects(shop.query(number), (error) => error instanceof Error, kind);
    }
    assert.equal((await shop.query(number)).trade_state, "SUCCESS");
  },
};

/** Runs every check of API v2 with both hashes. */
export async function wechatV2(program, check) {
  const options = ["--wechat", "platform-certificate", "--listen-tls", "127.0.0.1:0"];
  const { announced, end } = await start(program, ...options, "--wechat-reverse", "at-once");
  for (const [place, signType] of ["HMAC-SHA256", "MD5"].entries()) {
    const shop = new Shop(announced, signType, place + 1);
    for (const [name, body] of Object.entries(cases)) {
      await check(`WeChat v2, ${signType}: ${name}`, () => body(shop));
    }
  }
  await end();
  const strict = await start(program, ...options);
  await check("WeChat v2: a reverse comes 15 seconds after the payment at the soonest", async () => {
    const shop = new Shop(strict.announced, "HMAC-SHA256", 3);
    const early = await shop.reverse(await shop.paid());
    refused(early, "INVALID_REQUEST");
    assert.equal(early.recall, "Y");
  });
  await strict.end();
}
