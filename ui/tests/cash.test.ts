// Cash: received, change, rounding off, in place of a wallet, and what a paid phone does to it.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { cashFor, nextRounding, roundings, suggestedFen } from "../src/cash";
import { cashNo } from "../src/demo";
import { attemptIn, settingsWith } from "../src/demo-scenes";
import { NOW, down, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function opened(counter: Partial<CounterView> = {}): Promise<void> {
  till = await open(counter);
}

function shown(what: "received" | "change" | "rounded"): string {
  return till.page.get(`[data-cash=${what}]`).text();
}

function said(): string {
  return till.page.get(".notice").text();
}

test("F9 takes the typed amount in cash, and the change stands large until the next digit", async () => {
  await opened();
  await type("12.5<F9>");
  expect(till.state()).toBe("cash");
  expect(till.is()).toBe("收现金 ¥12.50");
  await type("20");
  expect([shown("received"), shown("change")]).toEqual(["收到¥20.00", "找零¥7.50"]);
  await type("<Enter>");
  expect(till.asked("takeCash")).toEqual([
    { intentId: expect.any(String), amountFen: 1250, shop: "own", receivedFen: 2000, roundedFen: 0 },
  ]);
  expect(till.state()).toBe("cash_taken");
  expect([till.is(), till.todo()]).toEqual(["已收现金 ¥12.50，找零 ¥7.50", "可以交货"]);
  expect(shown("change")).toBe("找零¥7.50");
  expect(till.page.get("[data-answer=goods]").attributes("data-lit")).toBe("true");
  await type("8");
  expect(till.amount()).toBe("¥8.00");
  await vi.advanceTimersByTimeAsync(400);
  expect(till.asked("dismissCash")).toHaveLength(1);
  expect(till.amount()).toBe("¥8.00");
});

test("Enter without a sum takes exactly what is owed", async () => {
  await opened();
  await type("12.5<F9><Enter>");
  expect(till.asked("takeCash")).toMatchObject([{ receivedFen: 1250, roundedFen: 0 }]);
});

test("too little is not taken, and says so", async () => {
  await opened();
  await type("12.5<F9>10<Enter>");
  expect(till.asked("takeCash")).toEqual([]);
  expect(shown("change")).toBe("还差¥2.50");
  expect(said()).toBe("收到的不够，请顾客补齐，或改数");
});

test("notes are suggested above what is owed, by key and by finger", async () => {
  await opened();
  await type("12.5<F9>");
  const sums = till.page.findAll(".sums .sum").map((button) => button.text());
  expect(sums).toEqual(["正好", "¥13.00", "¥15.00", "¥20.00", "¥50.00", "¥100.00"]);
  await till.page.findAll(".sums .sum")[3]?.trigger("click");
  expect(shown("change")).toBe("找零¥7.50");
  await type("<ArrowUp>");
  expect(shown("received")).toBe("收到¥50.00");
  await type("<ArrowDown><ArrowDown>");
  expect(shown("received")).toBe("收到¥15.00");
  await type("30");
  expect(shown("received")).toBe("收到¥30.00");
  await type("+5");
  expect(shown("received")).toBe("收到¥35.00");
});

test("a hundred Enters take one sale, and the next sale has another intent", async () => {
  await opened();
  await type("12.5<F9>");
  for (let i = 0; i < 100; i += 1) down("Enter");
  await flushPromises();
  expect(till.asked("takeCash")).toHaveLength(1);
  await type("12.5<F9><Enter>");
  const ids = till.asked("takeCash").map((request) => (request as { intentId: string }).intentId);
  expect(new Set(ids).size).toBe(2);
});

test("a refused sale keeps its intent and what was counted, and says why", async () => {
  await opened();
  till.host.refuse("takeCash", { code: "disk_full", detail: "" });
  await type("12.5<F9>20<Enter>");
  expect(said()).toBe("磁盘满了，不能收款：清出空间后再收；急可收现金");
  expect(shown("received")).toBe("收到¥20.00");
  await type("<Enter>");
  const ids = till.asked("takeCash").map((request) => (request as { intentId: string }).intentId);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});

test("抹零 is its own line, within the store's limit", async () => {
  await opened();
  await type("12.58<F9>*");
  expect(shown("rounded")).toBe("抹零（最多 ¥0.99）−¥0.08");
  expect(till.amount()).toBe("¥12.50");
  await type("*");
  expect(till.amount()).toBe("¥12.00");
  await type("20<Enter>");
  expect(till.asked("takeCash")).toMatchObject([
    { amountFen: 1258, receivedFen: 2000, roundedFen: 58 },
  ]);
  expect(till.page.text()).toContain("抹零 −¥0.58");
});

test("a store that forbids 抹零 has none", async () => {
  await opened({ settings: settingsWith({ roundingLimitFen: 0 }) });
  await type("12.58<F9>*");
  expect(till.amount()).toBe("¥12.58");
  expect(said()).toBe("这个金额没有可抹的零，按原价收");
});

test("rounding takes the fen, then the jiao, then nothing, and never the whole sum", () => {
  const sale = (amountFen: number, roundedFen = 0) => ({
    ...cashFor({ kind: "instead", outTradeNo: "9001" }, amountFen, false),
    roundedFen,
  });
  expect(roundings(1258, 99)).toEqual([8, 58]);
  expect(roundings(1250, 99)).toEqual([50]);
  expect(roundings(1258, 9)).toEqual([8]);
  expect(roundings(1200, 99)).toEqual([]);
  expect(roundings(58, 99)).toEqual([8]);
  expect(nextRounding(sale(1258), 99)).toBe(8);
  expect(nextRounding(sale(1258, 8), 99)).toBe(58);
  expect(nextRounding(sale(1258, 58), 99)).toBe(0);
  expect(suggestedFen(sale(18_600))).toEqual([19_000, 20_000]);
  expect(suggestedFen(sale(10_000))).toEqual([]);
});

test("minus leaves the cash and the amount stands; a scan changes nothing", async () => {
  await opened();
  await type("12.5<F9>20");
  await scanner("281234567890123456<Enter>");
  expect(said()).toBe("正在收现金，收完，或按 Esc 退出");
  expect(shown("received")).toBe("收到¥20.00");
  await type("-");
  expect(till.state()).toBe("due");
  expect(till.amount()).toBe("¥12.50");
  expect(till.asked("takeCash")).toEqual([]);
});

test("改收现金 takes the place of an attempt that has not ended", async () => {
  const front = attemptIn("unknown", NOW);
  await opened({ front });
  await type("<F9>");
  expect(till.page.get("h1").text()).toBe("改收现金");
  expect(till.page.get(".ribbon").text()).toContain("结果未知");
  await type("20<Enter>");
  expect(till.asked("cashInstead")).toEqual([
    { outTradeNo: front.outTradeNo, receivedFen: 2000, roundedFen: 0 },
  ]);
  expect(till.state()).toBe("cash_taken");
  expect(till.page.text()).toContain("已改收现金；原来那一笔若到账会自动退回");
});

test("an attempt that cash cannot replace says so on its button and to its key", async () => {
  await opened({ front: attemptIn("unknown", NOW, { canTakeCash: false }) });
  expect(till.page.get("[data-key=cash]").attributes("aria-disabled")).toBe("true");
  await type("<F9>");
  expect(till.state()).toBe("unknown");
  expect(said()).toBe("这一笔不能改收现金，看屏幕上的结果");
});

test("a phone that pays while cash is counted ends the counting, and no digit waves it off", async () => {
  await opened({ front: attemptIn("unknown", NOW) });
  await type("<F9>2");
  const paid = attemptIn("paid", NOW, { canTakeCash: false });
  till.host.put({ ...till.host.view(), front: paid });
  await flushPromises();
  expect(till.state()).toBe("paid");
  expect(said()).toBe("手机已付款，不用收现金，现金还给顾客，按 Enter");
  await type("0<Enter>");
  expect(till.asked("cashInstead")).toEqual([]);
  expect(till.asked("clearFront")).toEqual([]);
  expect(till.state()).toBe("paid");
  await type("8");
  expect(till.amount()).toBe("¥8.00");
});

test("after a decline one key takes the same amount in cash", async () => {
  await opened({ front: attemptIn("declined", NOW) });
  await type("<F9><Enter>");
  expect(till.asked("takeCash")).toMatchObject([{ amountFen: 1250, receivedFen: 1250 }]);
});

test("an attempt given up for cash says what happens to its money", async () => {
  await opened({ front: attemptIn("unknown", NOW, { unwanted: true, canTakeCash: false }) });
  expect(till.page.get("[data-line=unwanted]").text()).toBe("已改收现金，这一笔若到账会自动退回");
});

test("cash stands in the strip like any result, and pressing it opens its order", async () => {
  await opened();
  await type("12.5<F9><Enter>");
  const newest = (): ReturnType<typeof till.page.get> => till.page.get(".strip li button");
  expect(newest().text()).toContain("已收款");
  expect(newest().text()).toContain("现金");
  expect(newest().text()).toContain("¥12.50");
  expect(newest().text()).toContain("10:03");
  expect(newest().findAll("svg.mark")).toHaveLength(1);
  expect(newest().classes()).toContain("fresh");
  await newest().trigger("click");
  await flushPromises();
  expect(till.page.get("[data-screen]").attributes("data-screen")).toBe("orders");
  expect(till.asked("orderHistory").at(-1)).toEqual({ orderNo: "129" });
  expect(till.page.get(".events").text()).toContain("收了现金");
});

test("a bill of a sale in cash opens its order and says when it was paid and how much", async () => {
  await opened();
  await type("12.5<F9><Enter>-");
  await scanner(`${cashNo("129")}<Enter>`);
  expect(till.asked("askBill")).toEqual([{ code: cashNo("129") }]);
  expect(till.page.get("[data-screen]").attributes("data-screen")).toBe("orders");
  expect(till.page.get(".order[aria-current]").text()).toContain("129");
  expect(said()).toBe("订单 129 已付现金 ¥12.50（10:03:21），不用再收；要退按 F2");
  await type("<F2>");
  expect(till.state()).toBe("refund");
  expect(till.page.text()).toContain("现金，最多退 ¥12.50");
  expect(till.asked("scanCode")).toEqual([]);
});

test("a bill of a sale in cash leaves a sale that waits where it is", async () => {
  const front = attemptIn("typing", NOW);
  await opened({ front });
  await scanner(`${cashNo("124")}<Enter>`);
  expect(said()).toContain("订单 124 已付现金 ¥5.00");
  await type("<Escape>");
  expect(till.state()).toBe("typing");
  expect(till.page.findAll(".notice")).toEqual([]);
});

test("a bill of cash that went back says so, and of another day names the day", async () => {
  await opened();
  const bill = (refundedFen: number, atMs: number): void => {
    const cash = { amountFen: 1250, refundedFen, atMs };
    till.host.askBill = async () => ({ outTradeNo: null, ended: null, orderNo: "124", cash });
  };
  bill(250, NOW - 86_400_000);
  await scanner(`${cashNo("124")}<Enter>`);
  expect(said()).toBe(
    "订单 124 已付现金 ¥12.50（11-20 10:03:21），已退 ¥2.50，不用再收；再退按 F2",
  );
  bill(1250, NOW);
  await scanner(`${cashNo("124")}<Enter>`);
  expect(said()).toBe(
    "订单 124 付过现金 ¥12.50（10:03:21），已全部退回，不能再退；要货请另开一单",
  );
});

test("a bill of a sale in cash that this till does not know is said to be another's", async () => {
  await opened();
  await scanner(`${cashNo("777")}<Enter>`);
  expect(said()).toBe("本机没有这一单，请查别的收银台，或请店长处理");
});
