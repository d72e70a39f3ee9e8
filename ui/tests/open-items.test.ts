// What waits for a person stands on one screen, oldest first, with one thing to do about each.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import type { OpenItemView } from "../src/bindings/OpenItemView";
import { DEMO_PIN } from "../src/demo";
import { LISTED, openAttempt, openFinding, openRefund } from "../src/demo-open";
import { attemptIn, healthWith, sceneOf, settingsWith } from "../src/demo-scenes";
import type { Language } from "../src/text";
import { NOW, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const AUTH_CODE = "281234567890123456";
const ROW = "[data-open-list] [data-of]";
const DAY_MS = 86_400_000;
const UNKNOWN = attemptIn("unknown", NOW, { startedAtMs: NOW - 190_000 });
const HELD = attemptIn("held", NOW, {
  outTradeNo: "9001000100010000000000004410",
  orderNo: "31",
  startedAtMs: NOW - 3 * DAY_MS,
});
const THREE = [openAttempt(HELD), openRefund("wedged", NOW, 1), openAttempt(UNKNOWN)];

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

/** Opens the list. */
async function listed(
  items: OpenItemView[],
  spoken: Language = "zh",
  counter: Partial<CounterView> = {},
  rest = 0,
): Promise<void> {
  till = await open(counter, spoken);
  till.host.putOpen({ items, rest });
  await type("<F5>");
  await vi.dynamicImportSettled();
  await flushPromises();
}

function rows(): string[] {
  return till.page.findAll(ROW).map((row) => row.text());
}

function chosen(): string | undefined {
  return till.page.find(`${ROW}[aria-current]`).attributes("data-state");
}

function screen(): string | undefined {
  return till.page.get("main").attributes("data-screen");
}

test("each line says what, which order, how much, since when, why and what to do", async () => {
  await listed(THREE);
  expect(rows()).toEqual([
    "请店长处理支付宝 · 订单 31¥12.503 天平台收到 ¥1.25，和应收不同别交货、别再收；店长按 F3 看经过，对平台账单办好了Enter",
    "退款没成支付宝 · 订单 121¥4.002 小时商户余额不足，钱没有退请店长充值，再退一次再退一次",
    "结果未知支付宝 · 订单 129¥12.503 分钟平台没有说收没收到还在查；先别交货，别再收取回",
  ]);
  expect(till.page.findAll(`${ROW} > svg.mark`)).toHaveLength(3);
  till.page.unmount();
  await listed(THREE, "en");
  expect(rows()[1]).toBe(
    "Not refundedAlipay · Order 121¥4.002 hThe shop’s balance is too low; no money movedHave the manager top it up, then try againRefund again",
  );
});

test("arrows choose and Enter brings an unknown sale back to the plate", async () => {
  await listed(THREE, "zh", { aside: [UNKNOWN] });
  expect(chosen()).toBe("held");
  await type("<ArrowUp><ArrowDown><ArrowDown><ArrowDown>");
  expect(chosen()).toBe("unknown");
  await type("<Enter>");
  expect(screen()).toBe("sell");
  expect(till.asked("bringBack")).toEqual([{ outTradeNo: UNKNOWN.outTradeNo }]);
  expect(till.state()).toBe("unknown");
});

test("a key shows the history of the order that is chosen, of whatever day", async () => {
  await listed(THREE);
  await type("<F3>");
  expect(screen()).toBe("orders");
  expect(till.asked("orderHistory")).toContainEqual({ orderNo: "31" });
});

test("what is held is settled with the manager's PIN, and nothing else happens", async () => {
  await listed(THREE, "zh", { openFindings: 1 });
  expect(till.page.get("[data-chip=unknown]").text()).toBe("1 件请店长处理F5");
  await type("<Enter>");
  expect(till.page.get(".plate h1").text()).toBe("这件事办好了");
  expect(till.page.get(".plate").text()).toContain("钱不会动");
  await type("111112<Enter>");
  await flushPromises();
  expect(till.page.get(".plate .notice").text()).toContain("密码不对");
  await type("<Escape>");
  expect(screen()).toBe("open_items");
  await type(`<Enter>${DEMO_PIN}<Enter>`);
  await flushPromises();
  expect(till.asked("settleFinding")).toMatchObject([
    { findingId: 31, shop: "own", pin: "111112" },
    { findingId: 31, shop: "own", pin: DEMO_PIN },
  ]);
  expect(screen()).toBe("open_items");
  expect(till.page.get(".notice").text()).toBe("已记下店长办好了，接着看下面的");
  expect(till.page.find("[data-chip=unknown]").exists()).toBe(false);
  for (const moved of ["retryRefund", "bringBack", "refundAttempt"]) {
    expect(till.asked(moved)).toEqual([]);
  }
});

test("a refund that the balance did not cover goes out again without a PIN, and says so", async () => {
  await listed(THREE, "zh", { waitingRefunds: 1 });
  await type("<ArrowDown><Enter>");
  expect(till.asked("retryRefund")).toEqual([{ refundId: 1, shop: "own" }]);
  expect(screen()).toBe("open_items");
  expect(till.page.get(".notice").text()).toBe("退款又发出了，看下面的结果，别重复退");
  till.host.putOpen({ items: [openAttempt(HELD), openRefund("sending", NOW, 1)], rest: 0 });
  till.host.put({ ...till.host.view() });
  await flushPromises();
  expect(rows()[1]).toContain("退款发出中");
  expect(till.page.find("[data-act=try_again]").exists()).toBe(false);
  till.host.putOpen({ items: [openAttempt(HELD)], rest: 0 });
  till.host.put({ ...till.host.view() });
  await flushPromises();
  expect(chosen(), "the choice stays in its place").toBe("held");
});

test("a refund that is held up by a silent channel waits for the network, and goes on after it", async () => {
  const refunds = [openRefund("sending", NOW, 1), openRefund("waiting", NOW, 2)].map((refund) => ({
    ...refund,
    channel: "wechat" as const,
  }));
  const silent = sceneOf("silent", NOW).counter.channels;
  for (const [spoken, sending, waiting] of [
    [
      "zh",
      "退款待发微信 · 订单 121¥4.002 小时平台没有应答，等网络网络通了自动发出，不用重做",
      "等平台退款微信 · 订单 122¥4.004 小时平台没有应答，等网络网络通了自动再问，不用重做",
    ],
    [
      "en",
      "Refund waitsWeChat · Order 121¥4.002 hThe channel does not answer; it waits for the networkIt goes out when the network is back; do nothing twice",
      "Waits for the channelWeChat · Order 122¥4.004 hThe channel does not answer; it waits for the networkIt is asked when the network is back; do nothing twice",
    ],
  ] as const) {
    await listed(refunds, spoken, { channels: silent });
    expect(rows()[0]).toContain(sending);
    expect(rows()[1]).toContain(waiting);
    till.host.put({
      ...till.host.view(),
      channels: sceneOf("zero", NOW).counter.channels,
      health: healthWith(NOW, { waitingDoneMs: NOW + 9_000 }),
    });
    await flushPromises();
    expect(rows()[0]).toContain(spoken === "zh" ? "退款发出中" : "Refund leaving");
    till.page.unmount();
  }
  await listed(THREE, "zh", { channels: silent });
  expect(rows()[1], "what the balance did not cover waits for a person").toContain("退款没成");
});

test("a refund that is refused says why, and stays", async () => {
  await listed([openRefund("wedged", NOW, 1)], "en");
  till.host.refuse("retryRefund", { code: "disk_full", detail: "" });
  await till.page.get("[data-act=try_again]").trigger("click");
  await flushPromises();
  expect(till.page.get(".notice").text()).toContain("The disk is full");
  expect(rows()).toHaveLength(1);
});

test("nothing open says what that means", async () => {
  for (const [spoken, words] of [
    ["zh", "没有待处理的每一单都有结果，退款都办完了"],
    ["en", "Nothing is openEvery sale has its result, every refund is done"],
  ] as const) {
    await listed([], spoken);
    expect(till.page.get("[data-open=none]").text()).toBe(words);
    await type("<Enter><ArrowDown>");
    expect(screen()).toBe("open_items");
    till.page.unmount();
  }
});

test("what a list has no room for is counted", async () => {
  await listed(THREE, "zh", {}, 7);
  expect(till.page.get(".rest").text()).toBe("还有 7 笔更晚的没有列出；先处理上面的");
});

test("a list that cannot be read says why", async () => {
  till = await open();
  till.host.refuse("openItems", { code: "database_broken", detail: "" });
  await type("<F5>");
  await flushPromises();
  expect(till.page.get("[role=alert]").text()).toContain("数据文件有损坏");
});

test.each(["zh", "en"] as const)("every state that is listed has its words in %s", async (spoken) => {
  const sales = LISTED.map((state) =>
    openAttempt(attemptIn(state, NOW, { outTradeNo: `900100010001000000000000${state}` })),
  );
  const refused = { ...openAttempt(UNKNOWN), needsManager: true };
  const holds = (["already_paid", "pay_time", "clash"] as const).map((held) =>
    openAttempt(attemptIn("held", NOW, { outTradeNo: held, orderNo: `3${held.length}`, held, channelAmountFen: null })),
  );
  const refunds = (["sending", "waiting", "wedged", "refused", "held"] as const).map((state, i) =>
    openRefund(state, NOW, i + 1),
  );
  const found = (
    ["late_money", "contradicted", "goods_gone_unpaid", "returned_by_others", "recovered"] as const
  ).map((each, i) => openFinding(each, attemptIn("paid", NOW, { orderNo: `4${i}` })));
  await listed([...sales, refused, ...holds, ...refunds, ...found], spoken);
  expect(rows()).toHaveLength(LISTED.length + 14);
  expect(till.page.text()).not.toContain("undefined");
  for (const row of till.page.findAll(ROW)) {
    expect(row.get(".why b").text()).not.toBe("");
    expect(row.get(".why > span").text()).not.toBe("");
    expect(row.findAll("[data-act]")).toHaveLength(1);
  }
});

test("the chip counts refunds that wait for a person, shows its key and leads to the list", async () => {
  till = await open({ waitingRefunds: 2 });
  const chip = till.page.get("[data-chip=unknown]");
  expect(chip.text()).toBe("2 笔退款待处理F5");
  await chip.trigger("click");
  expect(screen()).toBe("open_items");
  await type("<Escape>");
  expect(screen()).toBe("sell");
  till.page.unmount();
  till = await open({ waitingRefunds: 1, unknownCount: 1, unknownSumFen: 1850 }, "en");
  expect(till.page.get("[data-chip=unknown]").text()).toBe("1 not known ¥18.501 refund waitsF5");
});

test("the key opens and closes the list, the store may move it, and the orders show it", async () => {
  till = await open({ settings: settingsWith({ keys: [{ act: "open_items", code: "F11" }] }) });
  await type("<F5>");
  expect(screen()).toBe("sell");
  await type("<F3>");
  expect(till.page.get("[data-key=open_items] kbd").text()).toBe("F11");
  await type("<F11>");
  expect(screen()).toBe("open_items");
  await type("<F11>");
  expect(screen()).toBe("sell");
});

test("a digit goes back and types, a waiting sale stays in sight, a scan charges nothing unseen", async () => {
  await listed(THREE);
  await type("5");
  expect(screen()).toBe("sell");
  expect(till.amount()).toBe("¥5.00");
  till.page.unmount();
  await listed(THREE, "zh", { front: UNKNOWN });
  expect(till.page.get(".ribbon").text()).toContain("结果未知");
  await type("-");
  expect(screen()).toBe("sell");
  expect(till.asked("cancelAttempt")).toEqual([]);
  till.page.unmount();
  till = await open({ settings: settingsWith({ scanner: "trigger" }) });
  till.host.putOpen({ items: THREE, rest: 0 });
  await type("12.50<F5><ArrowDown>");
  await vi.advanceTimersByTimeAsync(1_000);
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(screen()).toBe("sell");
  expect(till.asked("scanCode")).toEqual([]);
  expect(till.asked("retryRefund"), "a scan's Enter presses no key").toEqual([]);
});
