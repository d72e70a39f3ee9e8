// The official Alipay SDK as a client of practice. Every answer is verified by the SDK.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { AlipaySdk } from "alipay-sdk";
import { control, notices, read, start } from "./practice.mjs";

const NOTIFY = "https://relay.invalid/notify/alipay/9999000000000001/1";

function keyClient(announced, keyType) {
  const file = keyType === "PKCS8" ? "merchant_private_key_file" : "merchant_private_key_pkcs1_file";
  return new AlipaySdk({
    appId: announced.app_id,
    gateway: announced.gateway,
    privateKey: read(announced[file]),
    keyType,
    alipayPublicKey: read(announced.alipay_public_key_file),
  });
}

function certificateClient(announced) {
  return new AlipaySdk({
    appId: announced.app_id,
    gateway: announced.gateway,
    privateKey: read(announced.merchant_private_key_pkcs1_file),
    keyType: "PKCS1",
    appCertPath: announced.app_cert_file,
    alipayPublicCertPath: announced.alipay_cert_file,
    alipayRootCertPath: announced.alipay_root_cert_file,
  });
}

/** A shop with the SDK, and a customer behind the control API. */
class Shop {
  constructor(announced, sdk, prefix) {
    this.announced = announced;
    this.sdk = sdk;
    this.prefix = prefix;
    this.count = 0;
  }

  number() {
    this.count += 1;
    return `90${this.prefix}${String(this.count).padStart(8, "0")}`;
  }

  async ask(method, bizContent) {
    const node = await this.sdk.exec(method, { bizContent }, { validateSign: true });
    if (bizContent.outTradeNo && node.outTradeNo) assert.equal(node.outTradeNo, bizContent.outTradeNo);
    return node;
  }

  control(path, body) {
    return control(this.announced, path, body);
  }

  async paymentCode(manner) {
    return (await this.control("payment-codes", { manner })).code;
  }

  sale(outTradeNo) {
    return { outTradeNo, totalAmount: "12.50", subject: "牛肉面、🍵 \"热\"" };
  }

  async pay(outTradeNo, manner) {
    const authCode = await this.paymentCode(manner);
    return this.ask("alipay.trade.pay", { ...this.sale(outTradeNo), authCode, scene: "bar_code" });
  }

  /** Shows a code whose payment is told at an address, and has it paid. */
  async shown(notifyUrl) {
    const outTradeNo = this.number();
    const asked = { notifyUrl, bizContent: this.sale(outTradeNo) };
    const offer = await this.sdk.exec("alipay.trade.precreate", asked, { validateSign: true });
    await this.control("scans", { qr: offer.qrCode, manner: "pays" });
    return outTradeNo;
  }

  /** Says whether the SDK takes a notice for Alipay's. */
  believes(fields) {
    return this.sdk.checkNotifySignV2(fields);
  }

  query(outTradeNo) {
    return this.ask("alipay.trade.query", { outTradeNo });
  }
}

const cases = {
  async "a shown code is scanned, confirmed and paid"(shop) {
    const number = shop.number();
    const offer = await shop.ask("alipay.trade.precreate", shop.sale(number));
    assert.equal(offer.code, "10000");
    assert.match(offer.qrCode, /^https:\/\/qr\.alipay\.com\/practice[0-9a-z]{12}$/);
    assert.equal((await shop.query(number)).subCode, "ACQ.TRADE_NOT_EXIST");
    await shop.control("scans", { qr: offer.qrCode, manner: "by_hand" });
    assert.equal((await shop.query(number)).tradeStatus, "WAIT_BUYER_PAY");
    await shop.control("trades", { out_trade_no: number, manner: "pays" });
    const paid = await shop.query(number);
    assert.equal(paid.tradeStatus, "TRADE_SUCCESS");
    assert.equal(paid.totalAmount, "12.50");
    assert.match(paid.sendPayDate, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  },

  async "a scanned code pays at once"(shop) {
    const paid = await shop.pay(shop.number(), "pays");
    assert.equal(paid.code, "10000");
    assert.equal(paid.buyerPayAmount, "12.50");
    assert.match(paid.tradeNo, /^\d{28}$/);
  },

  async "a customer who must type a password is waited for"(shop) {
    const number = shop.number();
    const asked = await shop.pay(number, "by_hand");
    assert.equal(asked.code, "10003");
    assert.equal(asked.msg, " order success pay inprocess");
    await shop.control("trades", { out_trade_no: number, manner: "pays" });
    assert.equal((await shop.query(number)).tradeStatus, "TRADE_SUCCESS");
  },

  async "a code that is none is refused with a signature"(shop) {
    const business = { ...shop.sale(shop.number()), authCode: "281234567890123456" };
    const refused = await shop.ask("alipay.trade.pay", business);
    assert.equal(refused.code, "40004");
    assert.equal(refused.subCode, "ACQ.PAYMENT_AUTH_CODE_INVALID");
  },

  async "a cancel closes, returns, or finds nothing"(shop) {
    const waiting = shop.number();
    await shop.pay(waiting, "walks_away");
    const closed = await shop.ask("alipay.trade.cancel", { outTradeNo: waiting });
    assert.deepEqual([closed.action, closed.retryFlag], ["close", "N"]);
    const paid = shop.number();
    await shop.pay(paid, "pays");
    const returned = await shop.ask("alipay.trade.cancel", { outTradeNo: paid });
    assert.deepEqual([returned.action, returned.retryFlag], ["refund", "N"]);
    assert.equal((await shop.query(paid)).tradeStatus, "TRADE_CLOSED");
    const nothing = await shop.ask("alipay.trade.cancel", { outTradeNo: shop.number() });
    assert.deepEqual([nothing.code, nothing.action, nothing.retryFlag], ["10000", undefined, "N"]);
  },

  async "a close ends what waits and nothing else"(shop) {
    const number = shop.number();
    await shop.pay(number, "refuses");
    assert.equal((await shop.ask("alipay.trade.close", { outTradeNo: number })).code, "10000");
    const again = await shop.ask("alipay.trade.close", { outTradeNo: number });
    assert.equal(again.subCode, "ACQ.TRADE_STATUS_ERROR");
  },

  async "a refund is paid once and can be asked about"(shop) {
    const outTradeNo = shop.number();
    await shop.pay(outTradeNo, "pays");
    const outRequestNo = `${outTradeNo}R1`;
    const business = { outTradeNo, outRequestNo, refundAmount: "2.50" };
    const first = await shop.ask("alipay.trade.refund", business);
    assert.deepEqual([first.fundChange, first.refundFee], ["Y", "2.50"]);
    const repeat = await shop.ask("alipay.trade.refund", business);
    assert.deepEqual([repeat.fundChange, repeat.refundFee], ["N", "2.50"]);
    const asked = await shop.ask("alipay.trade.fastpay.refund.query", { outTradeNo, outRequestNo });
    assert.deepEqual([asked.refundStatus, asked.refundAmount], ["REFUND_SUCCESS", "2.50"]);
    const unknown = await shop.ask("alipay.trade.fastpay.refund.query", { outTradeNo, outRequestNo: "R9" });
    assert.deepEqual([unknown.code, unknown.refundStatus], ["10000", undefined]);
  },

  async "a payment and a refund are told in notices that the SDK verifies"(shop) {
    const number = await shop.shown(NOTIFY);
    const [paid] = await notices(shop.announced, number);
    assert.equal(paid.url, NOTIFY);
    const told = Object.fromEntries(new URLSearchParams(paid.body));
    assert.deepEqual([told.trade_status, told.total_amount], ["TRADE_SUCCESS", "12.50"]);
    assert.ok(shop.believes(told));
    assert.ok(!shop.believes({ ...told, total_amount: "12.51" }));
    await shop.control("notices/answers", { about: paid.about, status: 200, body: "success" });
    await shop.ask("alipay.trade.refund", { outTradeNo: number, outRequestNo: `${number}R1`, refundAmount: "2.50" });
    const [back] = await notices(shop.announced, number);
    const refund = Object.fromEntries(new URLSearchParams(back.body));
    assert.deepEqual([refund.refund_fee, refund.out_biz_no], ["2.50", `${number}R1`]);
    assert.ok(shop.believes(refund));
  },

  async "a notice to this machine is posted, in bad weather too"(shop) {
    let hear;
    const heard = { next: () => new Promise((resolve) => (hear = resolve)) };
    const server = createServer(async (request, response) => {
      const pieces = await request.toArray();
      response.end("success");
      hear(Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString())));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${server.address().port}/notify/alipay/9999000000000001/1`;
    const genuine = heard.next();
    const number = await shop.shown(url);
    const told = await genuine;
    assert.deepEqual([told.out_trade_no, shop.believes(told)], [number, true]);
    await shop.control("weather", { notices: { next: [{ form: "alipay", fault: "forged" }] } });
    const forged = heard.next();
    const offer = { notifyUrl: url, bizContent: shop.sale(shop.number()) };
    await shop.sdk.exec("alipay.trade.precreate", offer, { validateSign: true });
    const lie = await forged;
    assert.deepEqual([lie.trade_status, shop.believes(lie)], ["TRADE_SUCCESS", false]);
    server.close();
  },

  async "what is wrongly signed, unsigned or cut short is rejected"(shop) {
    for (const kind of ["wrong_signature", "unsigned", "truncated", "garbage", "empty"]) {
      await shop.control("weather", { next: [{ method: "alipay.trade.query", fault: { kind } }] });
      await assert.rejects(shop.query(shop.number()), (error) => error instanceof Error, kind);
    }
    assert.equal((await shop.query(shop.number())).subCode, "ACQ.TRADE_NOT_EXIST");
  },

  async "a payment whose answer was lost is found by asking"(shop) {
    const number = shop.number();
    const fault = { kind: "answer_lost" };
    await shop.control("weather", { next: [{ method: "alipay.trade.pay", fault }] });
    // The SDK's HTTP client sends again by itself when the connection closes: the number is what
    // keeps that from charging twice.
    const answer = await shop.pay(number, "pays").catch((error) => error);
    assert.notEqual(answer.code, "10000");
    const found = await shop.query(number);
    assert.deepEqual([found.tradeStatus, found.totalAmount], ["TRADE_SUCCESS", "12.50"]);
  },

  async "a busy gateway is told apart from an answer"(shop) {
    const fault = { kind: "busy", acted: "no" };
    await shop.control("weather", { next: [{ method: null, fault }] });
    const unsigned = { bizContent: { outTradeNo: shop.number() } };
    const busy = await shop.sdk.exec("alipay.trade.query", unsigned);
    assert.deepEqual([busy.code, busy.subCode], ["20000", "isp.unknow-error"]);
  },
};

const modes = [
  { name: "key, PKCS#8", prefix: "1", options: [], client: (announced) => keyClient(announced, "PKCS8") },
  {
    name: "key, PKCS#1, escaped slashes",
    prefix: "2",
    options: ["--slashes", "escaped", "--buyer-ids", "open-id"],
    client: (announced) => keyClient(announced, "PKCS1"),
  },
  { name: "certificates", prefix: "3", options: ["--mode", "certificate"], client: certificateClient },
];

/** Runs every check of Alipay in every mode. */
export async function alipay(program, check) {
  for (const mode of modes) await inMode(program, check, mode);
}

async function inMode(program, check, mode) {
  const running = await start(program, ...mode.options);
  const shop = new Shop(running.announced, mode.client(running.announced), mode.prefix);
  for (const [name, body] of Object.entries(cases)) await check(`${mode.name}: ${name}`, () => body(shop));
  await check(`${mode.name}: the merchant's own public key proves nothing`, async () => {
    const sdk = mode.client(running.announced);
    sdk.config.alipayPublicKey = read(running.announced.merchant_public_key_file);
    await assert.rejects(new Shop(running.announced, sdk, mode.prefix).query("901"), /验签失败/);
  });
  await check(`${mode.name}: a request signed with another key is turned away`, async () => {
    const sdk = mode.client(running.announced);
    sdk.config.privateKey = read(join(running.announced.alipay_public_key_file, "..", "alipay_private_key.pem"));
    const answer = await sdk.exec("alipay.trade.query", { bizContent: { outTradeNo: "901" } });
    assert.deepEqual([answer.code, answer.subCode], ["40002", "isv.invalid-signature"]);
  });
  await check(`${mode.name}: practice ends when its standard input closes`, async () => {
    assert.equal(await running.end(), 0);
  });
}
