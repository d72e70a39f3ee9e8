// The sell screen under fingers and scanners.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { attemptIn, counterAt } from "../src/demo-scenes";
import { NOW, down, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const AUTH_CODE = "281234567890123456";

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function opened(counter: Partial<CounterView> = {}): Promise<void> {
  till = await open(counter);
}

test("an amount is read as whole fen", async () => {
  await opened();
  for (const [keys, amount] of [
    ["12.5", "¥12.50"],
    ["0012", "¥12.00"],
    [".05", "¥0.05"],
    ["8+4.5", "¥12.50"],
    ["123<Backspace>", "¥12.00"],
    ["0.1+0.2", "¥0.30"],
    ["50000", "¥50,000.00"],
  ] as const) {
    await type(keys);
    expect(till.amount(), keys).toBe(amount);
    await type("-");
    expect(till.amount()).toBe("¥0.00");
  }
});

test("a third decimal is refused with a hint and the amount stays", async () => {
  await opened();
  await type("12.505");
  expect(till.amount()).toBe("¥12.50");
  expect(till.page.get(".notice").text()).toBe("最多两位小数，退格再改");
});

test("an amount above the limit is refused with a hint and the amount stays", async () => {
  await opened();
  await type("50001");
  expect(till.amount()).toBe("¥5,000.00");
  expect(till.page.get(".notice").text()).toBe("超出单笔限额，分几笔收");
});

test("keys count by their place, so an input method or full-width digits do not matter", async () => {
  await opened();
  down("Process", { code: "Digit1" });
  await vi.advanceTimersByTimeAsync(120);
  down("２", { code: "Digit2" });
  await vi.advanceTimersByTimeAsync(120);
  down("。", { code: "Period" });
  await vi.advanceTimersByTimeAsync(120);
  down("Process", { code: "Numpad5" });
  await vi.advanceTimersByTimeAsync(120);
  expect(till.amount()).toBe("¥12.50");
});

test("the pad on the screen does what the keyboard does", async () => {
  await opened();
  for (const key of ["1", "2", "dot", "5", "0"])
    await till.page.get(`[data-key="${key}"]`).trigger("click");
  expect(till.amount()).toBe("¥12.50");
  await till.page.get("[data-key=star]").trigger("click");
  await flushPromises();
  expect(till.asked("showCode")).toHaveLength(1);
});

test("star shows a code for exactly the amount, through the first ready wallet", async () => {
  await opened();
  await type("12.5*");
  expect(till.asked("showCode")).toEqual([
    {
      intentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      amountFen: 1250,
      shop: "own",
      channel: "alipay",
      sameCustomer: "ask",
    },
  ]);
  expect(till.state()).toBe("code");
});

test("a hundred presses make one call for an intent", async () => {
  await opened();
  await type("12.5");
  for (let i = 0; i < 100; i += 1) {
    down("Enter");
    down("*");
  }
  await vi.advanceTimersByTimeAsync(500);
  await flushPromises();
  expect(till.asked("showCode")).toHaveLength(1);
});

test("an amount keeps its intent after a refusal, and a changed amount gets another", async () => {
  await opened();
  till.host.refuse("showCode", { code: "offline", detail: "" });
  await type("12.5*");
  expect(till.page.get(".notice").text()).toBe("网络不通，没有收款：查网络；急可收现金");
  till.host.refuse("showCode", { code: "offline", detail: "" });
  await type("*");
  till.host.refuse("showCode", { code: "offline", detail: "" });
  await type("0*");
  till.host.refuse("showCode", { code: "offline", detail: "" });
  await type("<Backspace><Backspace>6*");
  const ids = till.asked("showCode").map((request) => (request as { intentId: string }).intentId);
  expect(ids).toHaveLength(4);
  expect(new Set(ids.slice(0, 3)).size).toBe(1);
  expect(ids[3]).not.toBe(ids[0]);
});

test("nothing is charged while nothing is typed", async () => {
  await opened();
  await type("<Enter>*");
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.asked("showCode")).toEqual([]);
  expect(till.asked("scanCode")).toEqual([]);
  expect(till.page.get(".notice").text()).toBe("先输金额");
});

test("Enter, then a scan charges the amount with the code scanned", async () => {
  await opened();
  await type("12.5<Enter>");
  expect(till.page.get(".sub").text()).toBe("可以扫了");
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.asked("scanCode")).toEqual([
    { intentId: expect.any(String), amountFen: 1250, shop: "own", authCode: AUTH_CODE, sameCustomer: "ask" },
  ]);
});

test("a scanner without an Enter at its end is understood too", async () => {
  await opened();
  await type("12.5<Enter>");
  await scanner(AUTH_CODE);
  await vi.advanceTimersByTimeAsync(600);
  expect(till.asked("scanCode")).toHaveLength(1);
});

test("a scan before Enter edits no amount, arms nothing, charges nothing and says why", async () => {
  await opened();
  await type("12.5");
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.amount()).toBe("¥12.50");
  expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("typing");
  expect(till.asked("scanCode")).toEqual([]);
  expect(till.page.get(".notice").text()).toBe("按 Enter 后再扫");
  const told = till
    .asked("typeAmount")
    .map((request) => (request as { amountFen: number | null }).amountFen);
  expect(told.filter((fen) => fen !== null && fen > 1250)).toEqual([]);
});

test("a receive code's address, typed by a scanner, presses no key of the till", async () => {
  await opened();
  await type("12.5<Enter>");
  await scanner("https://qr.alipay.com/fkx-12*3/4+5.6<Enter>");
  expect(till.asked("showCode")).toEqual([]);
  expect(till.asked("scanCode")).toMatchObject([
    { authCode: "https://qr.alipay.com/fkx-12*3/4+5.6" },
  ]);
});

test("a stub of a scan is handed to the till as a scan, not typed", async () => {
  await opened();
  await type("12.5");
  await vi.advanceTimersByTimeAsync(300);
  await scanner("28123456<Enter>");
  expect(till.amount()).toBe("¥12.50");
  expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("typing");
});

test("fast fingers lose no dot and no plus", async () => {
  await opened();
  await scanner("123.50");
  expect(till.amount()).toBe("¥123.50");
  await type("-");
  await scanner("12.5+1.25");
  expect(till.amount()).toBe("¥13.75");
});

test("the numeric pad types digits with Num Lock off", async () => {
  await opened();
  for (const [key, code] of [
    ["End", "Numpad1"],
    ["ArrowDown", "Numpad2"],
    ["Delete", "NumpadDecimal"],
    ["ArrowUp", "Numpad8"],
  ] as const) {
    down(key, { code });
    await vi.advanceTimersByTimeAsync(120);
  }
  expect(till.amount()).toBe("¥12.80");
});

test("a code can be typed by hand once armed, and only its length is drawn", async () => {
  await opened();
  await type("12.5<Enter>281234");
  expect(till.amount()).toBe("¥12.50");
  expect(till.page.get(".sub").text()).toContain("6");
  expect(till.page.text()).not.toContain("281234");
  await type("567890123456<Enter>");
  expect(till.asked("scanCode")).toMatchObject([{ authCode: AUTH_CODE, amountFen: 1250 }]);
});

test("digits and scans do nothing while an attempt has no result", async () => {
  await opened({ front: attemptIn("unknown", NOW) });
  await type("5");
  expect(till.page.get(".notice").text()).toBe("这一笔还没有结果，数字不起作用，先等结果");
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.page.get(".notice").text()).toBe("这一笔还没有结果，别再扫");
  expect(till.amount()).toBe("¥12.50");
  expect(till.host.calls).toEqual([]);
});

test("slash, minus and F6 act on the attempt on the plate", async () => {
  const front = attemptIn("typing", NOW);
  await opened({ front });
  await type("/");
  await type("<F8>");
  await type("<F6>");
  expect(till.host.calls).toEqual(
    ["askNow", "askNow", "putAside"].map((command) => ({
      command,
      request: { outTradeNo: front.outTradeNo },
    })),
  );
  expect(till.page.get(".aside").attributes("data-state")).toBe("typing");
  down("F6", { code: "F6", shiftKey: true });
  await flushPromises();
  expect(till.asked("bringBack")).toEqual([{ outTradeNo: front.outTradeNo }]);
  await type("-");
  expect(till.asked("cancelAttempt")).toEqual([{ outTradeNo: front.outTradeNo }]);
});

test("a key that the attempt does not allow calls nothing and says so", async () => {
  await opened({
    front: attemptIn("reversing", NOW, {
      canCancel: false,
      canPutAside: false,
      canAskAgain: false,
    }),
  });
  for (const key of ["-", "<F6>", "/"]) {
    await type(key);
    expect(till.page.find(".notice").exists(), key).toBe(true);
  }
  expect(till.host.calls).toEqual([]);
});

test("after an end the next digit is the next sale", async () => {
  await opened({ front: attemptIn("paid", NOW) });
  await type("8");
  await vi.advanceTimersByTimeAsync(400);
  expect(till.amount()).toBe("¥8.00");
  expect(till.asked("clearFront")).toHaveLength(1);
  expect(till.asked("typeAmount").at(-1)).toEqual({ amountFen: 800 });
});

test("a scan over an end does not wipe it and charges nothing", async () => {
  await opened({ front: attemptIn("paid", NOW) });
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.state()).toBe("paid");
  expect(till.asked("clearFront")).toEqual([]);
  expect(till.asked("scanCode")).toEqual([]);
});

test("Enter after paid charges nothing, after declined it arms the same amount with a fresh intent", async () => {
  await opened({ front: attemptIn("paid", NOW) });
  await type("<Enter>*");
  expect(till.state()).toBe("paid");
  till.page.unmount();
  await opened({ front: attemptIn("declined", NOW) });
  await type("<Enter>");
  expect(till.amount()).toBe("¥12.50");
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.asked("scanCode")).toMatchObject([{ amountFen: 1250, authCode: AUTH_CODE }]);
});

test("a held attempt is not waved off by a digit, only by its own key", async () => {
  await opened({ front: attemptIn("held", NOW) });
  await type("8<Enter>");
  expect(till.state()).toBe("held");
  expect(till.host.calls).toEqual([]);
  await type("<F6>");
  expect(till.asked("clearFront")).toHaveLength(1);
});

test("an error of the till reads as a sentence with what to do, never as its code", async () => {
  await opened();
  till.host.refuse("scanCode", { code: "product_barcode", detail: "ean13" });
  await type("12.5<Enter>");
  await scanner("6901234567892<Enter>");
  expect(till.page.get(".notice").text()).toBe("扫到的是商品条码：请扫顾客手机上的付款码");
  expect(till.page.text()).not.toContain("product_barcode");
  expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("armed");
});

async function askedWhetherSame(): Promise<void> {
  await opened({ aside: [attemptIn("unknown", NOW, { outTradeNo: "9001", amountFen: 1250 })] });
  const scan = till.host.scanCode.bind(till.host);
  vi.spyOn(till.host, "scanCode").mockImplementation(async (request) => {
    if (request.sameCustomer === "another") return scan(request);
    till.host.put({
      ...till.host.view(),
      question: {
        kind: "same_customer",
        intentId: request.intentId,
        amountFen: request.amountFen,
        unresolvedOutTradeNo: "9001",
      },
    });
  });
  await type("12.5<Enter>");
  await scanner(`${AUTH_CODE}<Enter>`);
}

test("同一位顾客吗 stands in the plate, and another customer is charged with the same intent", async () => {
  await askedWhetherSame();
  expect(till.state()).toBe("same_customer");
  expect(till.page.get("h1").text()).toBe("同一位顾客吗？");
  await type("+");
  expect(till.asked("scanCode")).toMatchObject([
    { authCode: AUTH_CODE, amountFen: 1250, sameCustomer: "another" },
  ]);
});

test("the same customer is not charged: the unresolved attempt comes back", async () => {
  await askedWhetherSame();
  await type("<Enter>");
  expect(till.asked("scanCode")).toEqual([]);
  expect(till.asked("bringBack")).toEqual([{ outTradeNo: "9001" }]);
});

test("a typed amount is not lost to a sale brought back: it is charged or cleared first", async () => {
  const aside = [attemptIn("unknown", NOW, { outTradeNo: "9001" })];
  till = await open({ aside });
  const back = { code: "F6", shiftKey: true };
  await type("45");
  down("F6", back);
  await flushPromises();
  expect(till.asked("bringBack")).toEqual([]);
  expect(till.amount()).toBe("¥45.00");
  expect(till.page.get(".notice").text()).toContain("按 − 清掉");
  await type("-");
  down("F6", back);
  await flushPromises();
  expect(till.asked("bringBack")).toEqual([{ outTradeNo: "9001" }]);
});

test("a second scan answers no question", async () => {
  await askedWhetherSame();
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.asked("scanCode")).toEqual([]);
  expect(till.asked("bringBack")).toEqual([]);
});

test("the customer's window hears the amount, and not each key of a scan", async () => {
  await opened();
  await type("12.5");
  await vi.advanceTimersByTimeAsync(400);
  expect(till.asked("typeAmount")).toEqual([{ amountFen: 1250 }]);
  await type("-");
  await vi.advanceTimersByTimeAsync(400);
  expect(till.asked("typeAmount").at(-1)).toEqual({ amountFen: null });
});

test("F3 lists today's orders with a history, Esc returns, and a live attempt stays in sight", async () => {
  await opened({ front: attemptIn("unknown", NOW) });
  await type("<F3>");
  expect(till.page.text()).toContain("今日订单");
  expect(till.page.get(".ribbon").text()).toContain("结果未知");
  expect(till.page.findAll(".order")).toHaveLength(5);
  till.page.unmount();
  await opened();
  await type("<F3>");
  expect(till.page.get("[aria-current]").text()).toContain("¥28.00");
  await type("<ArrowDown>");
  expect(till.page.get("[aria-current]").text()).toContain("¥6.50");
  expect(till.page.get(".events").text()).toContain("问过平台，有应答已收款");
  await type("<Escape>");
  expect(till.state()).toBe("zero");
});

test("closing with attempts open asks in the plate; Enter stays, plus closes", async () => {
  await opened({ front: attemptIn("unknown", NOW) });
  till.host.askClose([attemptIn("unknown", NOW), attemptIn("typing", NOW)]);
  await flushPromises();
  expect(till.page.get(".say").text()).toBe("还有 2 笔没有结果；关了也会在下次开机时接着查");
  await type("<Enter>");
  expect(till.asked("closeAnyway")).toEqual([]);
  expect(till.state()).toBe("unknown");
  till.host.askClose([attemptIn("unknown", NOW)]);
  await flushPromises();
  await type("+");
  expect(till.asked("closeAnyway")).toHaveLength(1);
});

test("practice is marked by frame, word and the phone's address", async () => {
  await opened({ practice: true, phoneUrl: "http://127.0.0.1:4000/phone" });
  expect(till.page.find(".practice-frame").exists()).toBe(true);
  expect(till.page.get("[data-practice]").text()).toContain("练习");
  expect(till.page.get("[data-practice]").text()).toContain("不是真钱");
  expect(till.page.text()).toContain("http://127.0.0.1:4000/phone");
  till.page.unmount();
  await opened();
  expect(till.page.find(".practice-frame").exists()).toBe(false);
  expect(till.page.text()).not.toContain("练习");
});

test("the language key switches every word and is remembered", async () => {
  await opened();
  await till.page.get(".language").trigger("click");
  expect(till.page.get("h1").text()).toBe("Type the amount");
  expect(localStorage.getItem("mianfu.language")).toBe("en");
  await till.page.get(".language").trigger("click");
  expect(till.page.get("h1").text()).toBe("输入金额");
});

test("Enter acts on a button reached with Tab, and a scanner's Enter does not", async () => {
  await opened();
  const orders = till.page.get("[data-key=orders]").element as HTMLButtonElement;
  orders.focus();
  expect(down("Enter").defaultPrevented).toBe(false);
  await type("12.5<Enter>");
  orders.focus();
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(document.activeElement).not.toBe(orders);
  expect(till.asked("scanCode")).toHaveLength(1);
});

test("a view that an event overtook is asked for again", async () => {
  await opened();
  const stale = counterAt(NOW);
  const counter = vi.spyOn(till.host, "counter").mockImplementationOnce(async () => {
    till.host.put({ ...till.host.view(), front: attemptIn("code", NOW) });
    return stale;
  });
  await type("1");
  await vi.advanceTimersByTimeAsync(400);
  expect(counter).toHaveBeenCalledTimes(2);
  expect(till.state()).toBe("code");
});

test("a sale brought back carries its own number, not the newest sale's", async () => {
  await opened({ front: attemptIn("unknown", NOW, { orderNo: "126" }), todayCount: 129 });
  expect(till.page.get(".head small").text()).toBe("支付宝订单 126");
});

test("closing reads the same in English: closed or not, the till asks again", async () => {
  till = await open({ front: attemptIn("unknown", NOW) }, "en");
  till.host.askClose([attemptIn("unknown", NOW)]);
  await flushPromises();
  expect(till.page.get(".say").text()).toBe(
    "1 without a result; closed or not, the till asks again at its next start",
  );
});
