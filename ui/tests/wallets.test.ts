// Two wallets at one till: whose code is shown, one in the place of the other, a wallet whose payment
// codes are not taken, and nothing that claims the wrong one.

import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { ChannelHealthView } from "../src/bindings/ChannelHealthView";
import type { CounterView } from "../src/bindings/CounterView";
import { openRefund } from "../src/demo-open";
import { attemptIn, counterAt, customerOf, healthWith, sceneOf } from "../src/demo-scenes";
import { demoHost } from "../src/demo";
import { install } from "../src/host";
import Customer from "../src/screens/Customer.vue";
import type { Language } from "../src/text";
import { NOW, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const WECHAT_CODE = "134567890123456789";

let till: Page | null = null;
afterEach(() => {
  till?.page.unmount();
  till = null;
  vi.useRealTimers();
});

async function opened(counter: Partial<CounterView> = {}, spoken: Language = "zh"): Promise<Page> {
  till?.page.unmount();
  till = await open(counter, spoken);
  return till;
}

function only(counter: CounterView, channel: string): ChannelHealthView[] {
  return counter.channels.filter((health) => health.channel === channel);
}

test("the key says whose code it shows, and shows that", async () => {
  let { page, asked } = await opened({ nextCode: "wechat" });
  expect(page.get("[data-key=star]").text()).toBe("*微信码");
  await type("12.5*");
  expect(asked("showCode")).toMatchObject([{ channel: "wechat", amountFen: 1250 }]);
  ({ page, asked } = await opened({ channels: only(counterAt(NOW), "alipay") }));
  expect(page.get("[data-key=star]").text()).toBe("*出示码");
  await type("12.5*");
  expect(asked("showCode")).toMatchObject([{ channel: "alipay" }]);
});

test.each([
  ["zh", "换成微信码支付宝的码先作废，再出新码*", "正在换成微信", "正在换，请稍等"],
  ["en", "Change to WeChatVoids the Alipay code first*", "Changing to WeChat", "Changing, one moment"],
] as const)("the same key changes a code that nobody has scanned (%s)", async (spoken, act, is, sub) => {
  const front = attemptIn("code", NOW);
  const { page, asked, is: said } = await opened({ front }, spoken);
  expect(page.get("[data-key=star]").text()).toBe(act);
  await type("*");
  expect(asked("changeCode")).toEqual([{ outTradeNo: front.outTradeNo, channel: "wechat" }]);
  expect(said()).toBe(is);
  expect(page.find(".plate .qr").exists()).toBe(false);
  expect(page.get("[data-key=star]").text()).toContain(sub);
  // A second press asks for nothing more, and the cashier can still let it be.
  await type("*");
  expect(asked("changeCode")).toHaveLength(1);
  await type("-");
  expect(asked("cancelAttempt")).toEqual([{ outTradeNo: front.outTradeNo }]);
});

test("where no other code can come the key says so and asks for nothing", async () => {
  for (const front of [attemptIn("typing", NOW), attemptIn("code", NOW, { changeTo: null })]) {
    const { page, asked } = await opened({ front });
    expect(page.find("[data-key=star]").exists()).toBe(false);
    await type("*");
    expect(asked("changeCode")).toEqual([]);
    expect(page.get(".notice").text()).toBe("现在没有别的码可换，等结果，或按 − 取消");
  }
});

test("what goes on after the change is the other wallet's code for the same order", async () => {
  const front = attemptIn("code", NOW);
  till = await open({ front }, "zh", 1_000);
  await type("*");
  await vi.advanceTimersByTimeAsync(1_000);
  await flushPromises();
  expect(till.is()).toBe("请顾客用微信扫码付 ¥12.50");
  expect(till.page.get(".plate .head small").text()).toBe("微信订单 129");
});

test.each([
  ["zh", "微信不能扫码请出示码；原因看状态", "付款码暂停收：撤销没有试通", "certificate_file", "过期没有"],
  ["en", "WeChatNo scansShow its code; why: Status", "its reversal is not let in", "certificate_file", "not expired"],
] as const)("a wallet whose reversal is not let in says so on its tile and on F1 (%s)", async (spoken, tile, is, what, when) => {
  const { page } = await opened(sceneOf("unproven", NOW).counter, spoken);
  expect(page.get("[data-health=unproven]").text().replaceAll("\n", "")).toBe(tile);
  expect(page.get(".top [data-key=health]").attributes("data-level")).toBe("care");
  await type("<F1>");
  await vi.dynamicImportSettled();
  await flushPromises();
  const row = page.get("[data-of=wechat]");
  for (const words of [is, what, when, "403"]) expect(row.text()).toContain(words);
  expect(row.classes()).toContain("care");
  expect(page.get("[data-of=alipay]").classes()).toContain("good");
});

test.each([
  ["zh", "微信的付款码暂停收，没有扣款：按 * 出示微信码，或用支付宝或现金；原因看状态"],
  ["en", "WeChat codes are not scanned, nothing was charged: Press * for a WeChat code, or use Alipay or cash; see Status"],
] as const)("a scan of it is refused with what to do instead (%s)", async (spoken, sentence) => {
  const { page, host, asked } = await opened(sceneOf("unproven", NOW).counter, spoken);
  host.refuse("scanCode", { code: "scans_unproven", detail: "403", channel: "wechat" });
  await type("12.5<Enter>");
  expect(page.find("[data-phase=armed]").exists()).toBe(true);
  await scanner(`${WECHAT_CODE}<Enter>`);
  expect(asked("scanCode")).toHaveLength(1);
  expect(page.get(".notice").text()).toBe(sentence);
});

test("where it is the only wallet nobody is told to scan", async () => {
  const { channels } = sceneOf("unproven", NOW).counter;
  const { page } = await opened({ channels: channels.filter(({ channel }) => channel === "wechat"), nextCode: "wechat" });
  await type("12.5");
  expect(page.get(".say").text()).toBe("微信付款码暂停收");
  expect(page.get(".sub").text()).toBe("请出示微信码，或用现金；原因看状态");
  expect(page.get("[data-key=enter]").text()).toContain("不能扫码");
});

test("a refusal names the silent wallet, and the other as the way on", async () => {
  const { page, host } = await opened(sceneOf("silent", NOW).counter);
  host.refuse("showCode", { code: "breaker_open", detail: "", channel: "wechat" });
  await type("12.5*");
  expect(page.get(".notice").text()).toBe("微信没有应答，暂停新收款：请用支付宝或现金；未完的单会继续查");
});

test("both silent are named, and only cash is left", async () => {
  const { channels } = sceneOf("silent", NOW).counter;
  const silent = { state: "silent", sinceMs: NOW - 120_000 } as const;
  const both = channels.map((health) => (health.channel === "alipay" ? { ...health, ...silent } : health));
  const { page } = await opened({ channels: both });
  expect(page.get(".say").text()).toBe("支付宝、微信 10:02 起没有应答");
  expect(page.get(".sub").text()).toBe("新单请用现金；未完的单会继续查");
});

test("a refund waits for its own wallet and for no other", async () => {
  const { page, host } = await opened(sceneOf("silent", NOW).counter);
  const waits = { ...openRefund("sending", NOW, 1), channel: "wechat" as const };
  host.putOpen({ items: [waits, openRefund("sending", NOW, 2)], rest: 0 });
  await type("<F5>");
  await vi.dynamicImportSettled();
  await flushPromises();
  const rows = page.findAll("[data-open-list] [data-of]").map((row) => row.text());
  expect(rows[0]).toContain("微信 · 订单 121");
  expect(rows[0]).toContain("平台没有应答，等网络");
  expect(rows[1]).toContain("支付宝 · 订单 122");
  expect(rows[1]).not.toContain("没有应答");
});

test("what waits to go out names the wallet that it waits for", async () => {
  const waiting = [{ kind: "refunds" as const, count: 2, oldestMs: NOW - 60_000, nextMs: NOW + 4_000 }];
  const silent = sceneOf("silent", NOW).counter;
  const { page } = await opened({ ...silent, health: healthWith(NOW, { waiting }) });
  await type("<F1>");
  await vi.dynamicImportSettled();
  await flushPromises();
  expect(page.get("[data-of=refunds]").text()).toContain("微信有应答就自动发出，不用重做");
});

test("the customer is told which wallets are taken, and which code comes next", async () => {
  vi.useFakeTimers({ now: NOW });
  const counter = sceneOf("unproven", NOW).counter;
  install(demoHost({ counter, customer: customerOf(counter, 1250) }, null));
  let page = mount(Customer);
  await flushPromises();
  expect(page.findAll("[data-takes]").map((each) => each.attributes("data-takes"))).toEqual(["alipay"]);
  page.unmount();
  const changing = sceneOf("changing", NOW).counter;
  install(demoHost({ counter: changing, customer: customerOf(changing, null) }, null));
  page = mount(Customer);
  await flushPromises();
  expect(page.get("h1").text()).toBe("正在换成微信");
  expect(page.text()).toContain("Changing to WeChat, one moment");
  expect(page.find(".qr").exists()).toBe(false);
  expect(page.text()).not.toContain("撤销");
  page.unmount();
});
