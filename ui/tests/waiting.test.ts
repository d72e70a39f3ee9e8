// Waiting: half a minute more, did the customer pay, the customer's bill.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { AttemptView } from "../src/bindings/AttemptView";
import type { CounterView } from "../src/bindings/CounterView";
import { attemptIn, settingsWith } from "../src/demo-scenes";
import type { Language } from "../src/text";
import { NOW, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const BILL = "9001000100010000000000004417";

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function opened(counter: Partial<CounterView> = {}, spoken: Language = "zh"): Promise<void> {
  till = await open(counter, spoken);
}

function said(): string {
  return till.page.get(".notice").text();
}

function put(front: AttemptView): void {
  till.host.put({ ...till.host.view(), front });
}

/** The till answers a question a second later with what the channel said. */
function answers(state: AttemptView["state"], with_: Partial<AttemptView> = {}): void {
  vi.spyOn(till.host, "askNow").mockImplementation(async () => {
    put(attemptIn(state, NOW, { askedAtMs: NOW + 1_000, ...with_ }));
  });
}

test("再等 30 秒 is there once, by key and by button, and tells how long is left", async () => {
  const front = attemptIn("typing", NOW);
  await opened({ front });
  expect(till.page.get("[data-key=plus]").text()).toContain("再等 30 秒");
  await type("+");
  expect(till.asked("waitLonger")).toEqual([{ outTradeNo: front.outTradeNo }]);
  expect(till.page.get(".count b").text()).toBe("68");
  expect(till.is()).toContain("68");
  expect(till.page.find("[data-key=plus]").exists()).toBe(false);
  await type("+");
  expect(till.asked("waitLonger")).toHaveLength(1);
  expect(said()).toBe("不能再延时，请顾客尽快确认");
});

test.each([
  ["paid", "paid", "10:03:21 问过支付宝：已收款 ¥12.50 · 支付宝 10:03:21；可以交货"],
  ["not_paid", "declined", "10:03:21 问过支付宝：未扣款：余额不足；换一种方式或换码，可再收一次"],
  ["not_paid", "closed", "10:03:21 问过支付宝：已撤销，没有扣款；可以重新收款"],
  [
    "typing",
    "typing",
    "10:03:22 问过支付宝：等顾客确认，还剩 38 秒；请顾客在手机上输密码",
  ],
  [
    "not_known",
    "unknown",
    "10:03:22 问过支付宝：结果未知，10:03:22 查过，正在再查；先别交货，也别再扫；急可改收现金",
  ],
  ["not_known", "code", "10:03:22 问过支付宝：请顾客用支付宝扫码付 ¥12.50；还没收到，先别交货"],
  ["not_known", "reversing", "10:03:22 问过支付宝：正在撤销，约 10 秒；先别重收；已扣的钱会退回"],
] as const)("付了吗 answers %s with the sentence and the second: %s", async (name, state, sentence) => {
  await opened({ front: attemptIn("unknown", NOW) });
  answers(state);
  await type("/", 0);
  expect(said()).toBe(sentence);
  expect(till.page.get(".notice").attributes("data-answer-is")).toBe(name);
});

test("until the channel has answered it says that it is being asked", async () => {
  await opened({ front: attemptIn("unknown", NOW) });
  vi.spyOn(till.host, "askNow").mockImplementation(async () => undefined);
  await type("<F8>");
  expect(said()).toBe("正在问平台，请稍等");
  expect(till.page.get(".notice").attributes("data-answer-is")).toBe(undefined);
  put(attemptIn("unknown", NOW, { askedAtMs: NOW + 3_000 }));
  await flushPromises();
  expect(said()).toContain("10:03:24 问过支付宝：结果未知");
});

test("in English the answer reads the same", async () => {
  await opened({ front: attemptIn("unknown", NOW) }, "en");
  answers("typing");
  await type("/", 0);
  expect(said()).toBe(
    "10:03:22 asked Alipay: Waiting for the customer, 38 s left; ask them to enter the password",
  );
});

test("a paid sale answers at once and asks nobody", async () => {
  await opened({ front: attemptIn("paid", NOW, { canAskAgain: false }) });
  await type("/");
  expect(said()).toContain("已收款 ¥12.50");
  expect(till.asked("askNow")).toEqual([]);
});

test("from an empty till every sale put aside is asked about and answered by its amount", async () => {
  const aside = [
    attemptIn("typing", NOW, { outTradeNo: "9001", amountFen: 3600 }),
    attemptIn("unknown", NOW, { outTradeNo: "9002", amountFen: 1850 }),
  ];
  await opened({ aside });
  await type("/");
  expect(till.asked("askNow")).toEqual([{ outTradeNo: "9001" }, { outTradeNo: "9002" }]);
  const answered = aside.map((attempt) => ({ ...attempt, askedAtMs: NOW + 1_000 }));
  till.host.put({ ...till.host.view(), aside: answered });
  await flushPromises();
  expect(said()).toContain("¥36.00 10:03:22 问过支付宝：等顾客确认");
  expect(said()).toContain("¥18.50 10:03:22 问过支付宝：结果未知");
});

test.each(["/", `${BILL}<Enter>`])("a silent channel is answered as not known, with the second: %s", async (keys) => {
  const front = attemptIn("typing", NOW, { outTradeNo: BILL, askedAtMs: NOW - 40_000 });
  await opened({ front });
  const silent = till.host.view();
  if (keys === "/") await type(keys);
  else await scanner(keys);
  // The question is taken, and no answer comes.
  till.host.put({ ...silent, nowMs: Date.now() });
  await vi.advanceTimersByTimeAsync(500);
  await flushPromises();
  expect(said()).toContain("正在问平台");
  await vi.advanceTimersByTimeAsync(7_000);
  await flushPromises();
  expect(said()).toMatch(/10:03:2\d 问过支付宝：没有应答，结果未知；先别交货，也别再扫/);
});

test("a customer's bill is asked about and brought to the plate, while another waits too", async () => {
  const aside = [attemptIn("unknown", NOW, { outTradeNo: BILL, amountFen: 1850 })];
  for (const counter of [
    {},
    { front: attemptIn("typing", NOW, { outTradeNo: "9002" }) },
    { front: attemptIn("paid", NOW, { outTradeNo: "9002" }) },
    { settings: settingsWith({ scanner: "trigger" }) },
  ] as Partial<CounterView>[]) {
    await opened({ aside, ...counter });
    await scanner(`${BILL}<Enter>`);
    expect(till.asked("askBill")).toEqual([{ code: BILL }]);
    expect(till.amount()).toBe("¥18.50");
    expect(said()).toContain("问过支付宝：结果未知");
    till.page.unmount();
  }
  await opened();
});

test("a bill of a sale that is over opens its order and leaves the sale of the moment in front", async () => {
  const front = attemptIn("typing", NOW, { outTradeNo: "9002" });
  const over = { outTradeNo: BILL, orderNo: "124", channel: "alipay", amountFen: 500, state: "paid", atMs: NOW - 360_000 } as const;
  await opened({ front, recent: [over] });
  await scanner(`${BILL}<Enter>`);
  expect(till.page.find("[data-screen=orders]").exists()).toBe(true);
  expect(said()).toBe("订单 124 在 09:57:21 已付 ¥5.00，不是现在这单，现在这单照常收；要退按 F2");
  expect(till.host.view().front?.outTradeNo).toBe("9002");
});

test("what a silent channel was refused for is forgotten once it answers", async () => {
  await opened();
  till.host.refuse("showCode", { code: "breaker_open", detail: "" });
  await type("12.5*");
  expect(till.page.get(".notice").text()).toContain("没有应答");
  const [channel] = till.host.view().channels;
  if (channel === undefined) throw new Error("there is a channel");
  till.host.put({ ...till.host.view(), channels: [{ ...channel, state: "silent" }] });
  await flushPromises();
  till.host.put({ ...till.host.view(), channels: [{ ...channel, state: "ready" }] });
  await flushPromises();
  expect(till.page.find(".notice").exists()).toBe(false);
});

test("where the goods are gone no sentence says to keep them", async () => {
  await opened({ front: attemptIn("unknown", NOW, { goodsGone: true, canGiveGoods: false }) });
  expect(till.page.text()).not.toContain("先别交货");
  expect(till.todo()).toBe("货已交给顾客，会一直查到有结果；别再扫");
});

test("a bill of another till says that this till has no such sale, and what to do", async () => {
  await opened();
  await scanner(`${BILL}<Enter>`);
  expect(said()).toBe("本机没有这一单，请查别的收银台，或请店长处理");
});

test("a bill is no payment code: where a scan charges it is handed in as a wrong one", async () => {
  await opened();
  await type("12.5<Enter>");
  await scanner(`${BILL}<Enter>`);
  expect(till.asked("askBill")).toEqual([]);
  expect(said()).toBe("这不是付款码：请顾客打开支付宝或微信的付款码再扫");
});

test.each([
  ["zh", "1:52 内自动重试"],
  ["en", "1:52 left to try"],
] as const)("a code that waits for the network says how long yet (%s)", async (spoken, words) => {
  await opened({ front: attemptIn("parked", NOW, { deadlineMs: NOW + 112_000 }) }, spoken);
  expect(till.page.get(".plate .count").text()).toBe(words);
  put(attemptIn("parked", NOW, { deadlineMs: NOW }));
  await flushPromises();
  expect(till.page.get(".plate .count").classes()).toContain("asking");
});
