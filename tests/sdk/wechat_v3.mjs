// WeChat Pay's API v3 of practice, as two clients by other people see it.

import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { control, notices, read, start } from "./practice.mjs";
import { AxiosV3, NodeV3 } from "./wechat_clients.mjs";

const NOTIFY = "https://relay.invalid/notify/wechat/1900009999/7";

/** A shop with one of the clients, and a customer behind the control API. */
class Shop {
  constructor(announced, client, prefix) {
    this.announced = announced;
    this.client = client;
    this.prefix = prefix;
    this.count = 0;
  }

  number() {
    this.count += 1;
    return `91${this.prefix}${String(this.count).padStart(8, "0")}`;
  }

  control(path, body) {
    return control(this.announced, path, body);
  }

  spoil(call, fault) {
    return this.control("weather", { next: [{ method: `wechat.v3.${call}`, fault }] });
  }

  sale(out_trade_no, total = 1250) {
    return {
      description: "牛肉面、🍵 \"热\"",
      out_trade_no,
      notify_url: NOTIFY,
      amount: { total, currency: "CNY" },
    };
  }

  /** Shows a code to a customer and returns the order's number. */
  async shown(manner) {
    const number = this.number();
    const offer = await this.client.native(this.sale(number));
    assert.equal(offer.status, 200, JSON.stringify(offer.body));
    await this.control("scans", { qr: offer.body.code_url, manner });
    return number;
  }

  /** Returns the one notice that is due about an order, and takes it. */
  async notice(out_trade_no) {
    const [notice, ...more] = await notices(this.announced, out_trade_no);
    assert.deepEqual([more.length, notice.url], [0, NOTIFY]);
    await this.control("notices/answers", { about: notice.about, status: 200 });
    return { ...notice, headers: new Headers(notice.headers) };
  }

  /** Verifies and opens a notice with the client's own code. */
  async opened({ headers, body }) {
    assert.ok(await this.client.verifies(headers, body), "the notice's signature does not hold");
    const envelope = JSON.parse(body);
    return { event: envelope.event_type, ...this.client.open(envelope.resource) };
  }

  refund(out_trade_no, out_refund_no, refund) {
    const amount = { refund, total: 1250, currency: "CNY" };
    return this.client.refund({ out_trade_no, out_refund_no, notify_url: NOTIFY, amount });
  }
}

function refused(answer, status, code) {
  assert.deepEqual([answer.status, answer.body?.code], [status, code], JSON.stringify(answer.body));
}

const cases = {
  async "a shown code is scanned, confirmed and paid"(shop) {
    const number = shop.number();
    const offer = await shop.client.native(shop.sale(number));
    assert.match(offer.body.code_url, /^weixin:\/\/wxpay\/bizpayurl\?pr=/);
    const waiting = await shop.client.query(number);
    assert.deepEqual([waiting.body.trade_state, waiting.body.amount], ["NOTPAY", undefined]);
    await shop.control("scans", { qr: offer.body.code_url, manner: "by_hand" });
    assert.equal((await shop.client.query(number)).body.trade_state, "NOTPAY");
    await shop.control("trades", { out_trade_no: number, manner: "pays" });
    const { body } = await shop.client.query(number);
    assert.deepEqual([body.trade_state, body.trade_type, body.out_trade_no], ["SUCCESS", "NATIVE", number]);
    assert.deepEqual(body.amount, { total: 1250, payer_total: 1250, currency: "CNY", payer_currency: "CNY" });
    assert.match(body.success_time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$/);
    assert.deepEqual((await shop.client.queryById(body.transaction_id)).body, body);
  },

  async "the same order again gets another code, a changed one is refused"(shop) {
    const number = shop.number();
    const first = await shop.client.native(shop.sale(number));
    const second = await shop.client.native(shop.sale(number));
    assert.notEqual(first.body.code_url, second.body.code_url);
    refused(await shop.client.native(shop.sale(number, 1251)), 403, "OUT_TRADE_NO_USED");
  },

  async "a number with a bar in it is signed in the path as it is sent"(shop) {
    const number = `${shop.number()}|1`;
    await shop.client.native(shop.sale(number));
    assert.equal((await shop.client.query(encodeURIComponent(number))).body.out_trade_no, number);
  },

  async "a close is a signed answer without a body, and can be repeated"(shop) {
    const number = shop.number();
    await shop.client.native(shop.sale(number));
    for (const _ of [1, 2]) {
      assert.deepEqual(await shop.client.close(number), { status: 204, body: null });
    }
    assert.equal((await shop.client.query(number)).body.trade_state, "CLOSED");
    refused(await shop.client.native(shop.sale(number)), 400, "ORDER_CLOSED");
    refused(await shop.client.close(await shop.shown("pays")), 403, "TRADE_ERROR");
  },

  async "a number nobody knows is not found"(shop) {
    const number = shop.number();
    refused(await shop.client.query(number), 404, "ORDER_NOT_EXIST");
    refused(await shop.client.close(number), 404, "ORDER_NOT_EXIST");
    refused(await shop.client.refundQuery(number), 404, "RESOURCE_NOT_EXISTS");
  },

  async "yuan where fen are meant is refused"(shop) {
    refused(await shop.client.native(shop.sale(shop.number(), "12.50")), 400, "PARAM_ERROR");
    refused(await shop.client.native(shop.sale(shop.number(), 12.5)), 400, "PARAM_ERROR");
  },

  async "a refund is accepted once and can be asked about"(shop) {
    const number = await shop.shown("pays");
    const first = await shop.refund(number, `${number}R1`, 250);
    assert.deepEqual([first.status, first.body.status, first.body.amount.refund], [200, "PROCESSING", 250]);
    assert.equal((await shop.refund(number, `${number}R1`, 250)).body.refund_id, first.body.refund_id);
    refused(await shop.refund(number, `${number}R1`, 251), 400, "INVALID_REQUEST");
    const asked = (await shop.client.refundQuery(`${number}R1`)).body;
    assert.deepEqual([asked.refund_id, asked.amount.refund], [first.body.refund_id, 250]);
    assert.equal((await shop.client.query(number)).body.trade_state, "REFUND");
  },

  async "a refund arrives, is abnormal, or is closed"(shop) {
    const ends = { arrived: "SUCCESS", abnormal: "ABNORMAL", closed: "CLOSED" };
    for (const [how, status] of Object.entries(ends)) {
      const number = await shop.shown("pays");
      await shop.refund(number, `${number}R1`, 250);
      await shop.control("refunds", { out_refund_no: `${number}R1`, how });
      const { body } = await shop.client.refundQuery(`${number}R1`);
      assert.deepEqual([body.status, "success_time" in body], [status, how === "arrived"]);
    }
  },

  async "a payment's notice is verified and opened, once it is paid"(shop) {
    const number = shop.number();
    const offer = await shop.client.native(shop.sale(number));
    assert.deepEqual(await notices(shop.announced, number), []);
    await shop.control("scans", { qr: offer.body.code_url, manner: "pays" });
    const told = await shop.opened(await shop.notice(number));
    const { body } = await shop.client.query(number);
    assert.deepEqual(told, { event: "TRANSACTION.SUCCESS", ...body });
    assert.deepEqual(await notices(shop.announced, number), [], "it was taken");
  },

  async "a refund's notices say how it ended"(shop) {
    const ends = { arrived: "SUCCESS", abnormal: "ABNORMAL", closed: "CLOSED" };
    for (const [how, status] of Object.entries(ends)) {
      const number = await shop.shown("pays");
      await shop.notice(number);
      await shop.refund(number, `${number}R1`, 250);
      assert.deepEqual(await notices(shop.announced, number), [], "it is on its way");
      await shop.control("refunds", { out_refund_no: `${number}R1`, how });
      const told = await shop.opened(await shop.notice(number));
      assert.deepEqual([told.event, told.refund_status], [`REFUND.${status}`, status]);
      assert.deepEqual([told.out_refund_no, told.amount.refund], [`${number}R1`, 250]);
    }
  },

  async "an altered notice is not verified"(shop) {
    const { headers, body } = await shop.notice(await shop.shown("pays"));
    assert.ok(await shop.client.verifies(headers, body));
    assert.ok(!(await shop.client.verifies(headers, body.replace("SUCCESS", "success"))));
    headers.set("wechatpay-nonce", "0");
    assert.ok(!(await shop.client.verifies(headers, body)));
  },

  async "platform certificates are downloaded and opened"(shop) {
    const { platform_serial, platform_cert_file } = shop.announced.wechat;
    const keys = await shop.client.certificates();
    assert.deepEqual(Object.keys(keys), [platform_serial]);
    const spki = (pem) => createPublicKey(pem).export({ type: "spki", format: "der" });
    assert.deepEqual(spki(keys[platform_serial]), spki(read(platform_cert_file)));
  },

  async "a request signed with another key is turned away"(shop) {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const other = privateKey.export({ type: "pkcs8", format: "pem" });
    const stranger = new shop.client.constructor(shop.announced, other);
    refused(await stranger.query(shop.number()), 401, "SIGN_ERROR");
    refused(await stranger.native(shop.sale(shop.number())), 401, "SIGN_ERROR");
  },

  async "what is wrongly signed, unsigned or cut short is rejected"(shop) {
    const number = await shop.shown("pays");
    // Every second wrong signature is one of WeChat Pay's own probes.
    const kinds = [...Array(6).fill("wrong_signature"), "unsigned", "truncated", "garbage", "empty"];
    for (const kind of kinds) {
      await shop.spoil("query", { kind });
      await assert.rejects(shop.client.query(number), (error) => error instanceof Error, kind);
    }
    assert.equal((await shop.client.query(number)).body.trade_state, "SUCCESS");
  },

  async "an answer that is about another order is genuine"(shop) {
    const number = await shop.shown("pays");
    await shop.spoil("query", { kind: "another_order" });
    assert.notEqual((await shop.client.query(number)).body.out_trade_no, number);
  },

  async "a busy channel is told apart from an answer"(shop) {
    await shop.spoil("query", { kind: "busy", acted: "no" });
    refused(await shop.client.query(shop.number()), 503, "SERVICE_UNAVAILABLE");
    await shop.spoil("query", { kind: "system_error", acted: "no" });
    refused(await shop.client.query(shop.number()), 500, "SYSTEM_ERROR");
  },
};

/** Runs every check of API v3 with both kinds of key and both clients. */
export async function wechatV3(program, check) {
  for (const mode of ["platform-certificate", "public-key"]) {
    const { announced, end } = await start(program, "--wechat", mode);
    for (const [place, Client] of [NodeV3, AxiosV3].entries()) {
      const shop = new Shop(announced, new Client(announced), place + 1);
      for (const [name, body] of Object.entries(cases)) {
        await check(`WeChat v3, ${mode}, ${Client.title}: ${name}`, () => body(shop));
      }
    }
    await check(`WeChat v3, ${mode}: what was sealed and then altered does not open`, async () => {
      // Only this client looks at the tag: wechatpay-node-v3 opens whatever it is given.
      const shop = new Shop(announced, new AxiosV3(announced), 3);
      const { resource } = JSON.parse((await shop.notice(await shop.shown("pays"))).body);
      assert.equal(shop.client.open(resource).trade_state, "SUCCESS");
      const other = resource.ciphertext.startsWith("A") ? "B" : "A";
      const changes = {
        ciphertext: other + resource.ciphertext.slice(1),
        associated_data: `${resource.associated_data}x`,
        nonce: resource.nonce.replace(/^./, "z"),
      };
      for (const [name, value] of Object.entries(changes)) {
        assert.throws(() => shop.client.open({ ...resource, [name]: value }), name);
      }
    });
    await end();
  }
  const probing = ["--probes-per-mille", "1000", "--notices-faster", "1000000"];
  const { announced, end } = await start(program, "--wechat", "public-key", ...probing);
  for (const [place, Client] of [NodeV3, AxiosV3].entries()) {
    await check(`WeChat v3, ${Client.title}: a probe is not verified, and the genuine notice follows`, async () => {
      const shop = new Shop(announced, new Client(announced), place + 4);
      const number = await shop.shown("pays");
      const [probe] = await notices(announced, number);
      const headers = new Headers(probe.headers);
      assert.match(headers.get("wechatpay-signature"), /^WECHATPAY\/SIGNTEST\//);
      assert.ok(!(await shop.client.verifies(headers, probe.body)));
      await shop.control("notices/answers", { about: probe.about, status: 401 });
      const told = await shop.opened(await shop.notice(number));
      assert.deepEqual([told.event, told.out_trade_no], ["TRANSACTION.SUCCESS", number]);
    });
  }
  await end();
}
