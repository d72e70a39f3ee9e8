// Two clients of WeChat Pay by other people, each behind the same few calls.
//
// `NodeV3` is `wechatpay-node-v3`, `AxiosV3` is `wechatpay-axios-plugin`. Each signs its requests
// and verifies every answer of success with its own code; one that it does not accept is thrown.
// What comes back is a status and a body; a refusal is not signed, and so not verified.

import assert from "node:assert/strict";
import Pay from "wechatpay-node-v3";
import Wechatpay from "wechatpay-axios-plugin";
import { read } from "./practice.mjs";

/** Where `wechatpay-node-v3` sends its requests, whatever it is told. */
const REAL_HOST = "https://api.mch.weixin.qq.com";

/** The secrets of the account, which are in its papers only. */
export function secrets(announced) {
  const papers = JSON.parse(read(announced.wechat.papers_file));
  return { v2: papers.v2_key, v3: papers.v3_key };
}

/** Carries the requests of `wechatpay-node-v3` to practice and keeps the answer as it came. */
class Carrier {
  constructor(base) {
    this.base = base;
  }

  get(url, headers) {
    return this.send("GET", url, headers);
  }

  post(url, fields, headers) {
    return this.send("POST", url, headers, JSON.stringify(fields));
  }

  async send(method, url, headers, body) {
    assert.ok(url.startsWith(REAL_HOST), url);
    const response = await fetch(url.replace(REAL_HOST, this.base), { method, headers, body });
    const text = await response.text();
    const heard = { status: response.status, headers: response.headers, text };
    // The client downloads certificates to verify an answer: the answer is the one before them.
    if (!url.endsWith("/v3/certificates")) this.heard = heard;
    const isJson = heard.headers.get("content-type")?.startsWith("application/json");
    return { status: heard.status, data: isJson ? JSON.parse(text) : text || null };
  }
}

export class NodeV3 {
  static title = "wechatpay-node-v3";

  constructor(announced, privateKey = read(announced.wechat.merchant_private_key_file)) {
    const { appid, mchid, merchant_serial, merchant_cert_file } = announced.wechat;
    this.carrier = new Carrier(announced.wechat.base);
    this.pay = new Pay({
      appid,
      mchid,
      // The number that the client would read off the certificate is in lower case; the documents
      // show it in upper case, and practice takes nothing else.
      serial_no: merchant_serial,
      publicKey: Buffer.from(read(merchant_cert_file)),
      privateKey: Buffer.from(privateKey),
      key: secrets(announced).v3,
    });
    this.pay.createHttp(this.carrier);
    Pay.certificates[announced.wechat.public_key_id] = read(announced.wechat.public_key_file);
  }

  async verified(answering) {
    const { status, data } = await answering;
    const { headers, text } = this.carrier.heard;
    if (status < 300) assert.ok(await this.verifies(headers, text), "the signature does not hold");
    return { status, body: data };
  }

  /** Verifies an answer or a notice. */
  verifies(headers, body) {
    const part = (name) => headers.get(`wechatpay-${name}`);
    return this.pay.verifySign({
      timestamp: part("timestamp"),
      nonce: part("nonce"),
      serial: part("serial"),
      signature: part("signature") ?? "",
      body,
    });
  }

  native = (sale) => this.verified(this.pay.transactions_native(sale));
  query = (out_trade_no) => this.verified(this.pay.query({ out_trade_no }));
  queryById = (transaction_id) => this.verified(this.pay.query({ transaction_id }));
  close = (out_trade_no) => this.verified(this.pay.close(out_trade_no));
  refund = (fields) => this.verified(this.pay.refunds(fields));
  refundQuery = (number) => this.verified(this.pay.find_refunds(number));

  tradeBill = (parameters) => this.verified(this.pay.tradebill(parameters));
  fundBill = (parameters) => this.verified(this.pay.fundflowbill(parameters));

  /** Downloads the file behind an address, which this client signs for the real host only. */
  async file(address) {
    const { status, data } = await this.pay.downloadBill(address.replace(this.carrier.base, REAL_HOST));
    assert.equal(status, 200, JSON.stringify(data));
    return data;
  }

  /** Returns public keys by serial, as the client downloads and opens them. */
  async certificates() {
    const list = await this.pay.get_certificates();
    return Object.fromEntries(list.map((item) => [item.serial_no, item.publicKey]));
  }

  open({ ciphertext, associated_data, nonce }) {
    return this.pay.decipher_gcm(ciphertext, associated_data, nonce);
  }
}

export class AxiosV3 {
  static title = "wechatpay-axios-plugin";

  constructor(announced, privateKey = read(announced.wechat.merchant_private_key_file)) {
    const { base, appid, mchid, merchant_serial, platform_serial, public_key_id } = announced.wechat;
    this.own = { appid, mchid };
    this.key = secrets(announced).v3;
    this.keys = {
      [platform_serial]: Wechatpay.Rsa.from(read(announced.wechat.platform_cert_file), "public"),
      [public_key_id]: Wechatpay.Rsa.from(read(announced.wechat.public_key_file), "public"),
    };
    const options = { baseURL: base, mchid, serial: merchant_serial, privateKey, certs: this.keys };
    this.v3 = new Wechatpay({ ...options, proxy: false }).v3;
  }

  async verified(answering) {
    try {
      const { status, data } = await answering;
      return { status, body: data === "" ? null : data };
    } catch (error) {
      const refused = error.response?.status >= 400;
      if (!refused) throw error;
      return { status: error.response.status, body: error.response.data };
    }
  }

  /** Verifies a notice; the client does so by itself with answers. */
  verifies(headers, body) {
    const part = (name) => headers.get(`wechatpay-${name}`);
    const content = Wechatpay.Formatter.response(part("timestamp"), part("nonce"), body);
    return Wechatpay.Rsa.verify(content, part("signature"), this.keys[part("serial")]);
  }

  get orders() {
    return this.v3.pay.transactions.outTradeNo;
  }

  native = (sale) => this.verified(this.v3.pay.transactions.native.post({ ...this.own, ...sale }));
  query = (out_trade_no) => this.verified(this.orders.$out_trade_no$.get({ ...this.merchant, out_trade_no }));
  queryById = (id) => this.verified(this.v3.pay.transactions.id.$id$.get({ ...this.merchant, id }));
  close = (out_trade_no) =>
    this.verified(this.orders.$out_trade_no$.close.post({ mchid: this.own.mchid }, { out_trade_no }));
  refund = (fields) => this.verified(this.v3.refund.domestic.refunds.post(fields));
  refundQuery = (number) => this.verified(this.v3.refund.domestic.refunds.$number$.get({ number }));

  tradeBill = (params) => this.verified(this.v3.bill.tradebill.get({ params }));
  fundBill = (params) => this.verified(this.v3.bill.fundflowbill.get({ params }));

  async file(address) {
    const { pathname, searchParams } = new URL(address);
    assert.equal(pathname, "/v3/billdownload/file");
    const { data } = await this.v3.billdownload.file.get({ params: Object.fromEntries(searchParams) });
    return data;
  }

  get merchant() {
    return { params: { mchid: this.own.mchid } };
  }

  async certificates() {
    const { body } = await this.verified(this.v3.certificates.get());
    const opened = (item) => Wechatpay.Rsa.from(this.open(item.encrypt_certificate), "public");
    const spki = { type: "spki", format: "pem" };
    return Object.fromEntries(body.data.map((item) => [item.serial_no, opened(item).export(spki)]));
  }

  open({ ciphertext, associated_data, nonce }) {
    const plain = Wechatpay.Aes.AesGcm.decrypt(ciphertext, this.key, nonce, associated_data);
    return plain.startsWith("{") ? JSON.parse(plain) : plain;
  }
}
