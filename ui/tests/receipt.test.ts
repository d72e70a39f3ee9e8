// A sale's receipt on the screen: from the plate and from the day's orders, by one key; written by
// another; and back to where the cashier was.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { attemptIn, sceneOf, settingsWith } from "../src/demo-scenes";
import { runsOf } from "../src/receipt";
import { NOW, down, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const AUTH_CODE = "281234567890123456";
const PAID = attemptIn("paid", NOW, { orderNo: "128" });

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function opened(counter: Partial<CounterView> = {}): Promise<void> {
  till = await open(counter);
}

/** Presses keys and lets the receipt's screen be loaded. */
async function press(keys: string): Promise<void> {
  await type(keys);
  await vi.dynamicImportSettled();
  await flushPromises();
}

function screen(): string | undefined {
  return till.page.get("main").attributes("data-screen");
}

function told(): string {
  return till.page.get(".told").text();
}

function paper(): string {
  return till.page.get(".paper .lines").text();
}

test("a paid plate names the key of its receipt, and the key shows it as the paper will read", async () => {
  await opened({ front: PAID });
  expect(till.page.get(".plate [data-key=receipt]").text()).toBe("小票F7");
  await press("<F7>");
  expect(screen()).toBe("receipt");
  expect(till.asked("receipt")).toEqual([{ orderNo: "128" }]);
  expect(paper()).toContain("单号 128");
  expect(till.page.get("[data-receipt=barcode]").text()).toBe("9001000100010000000000004411");
  expect(till.page.find("[data-receipt=reprint]").exists()).toBe(false);
  expect(told()).toContain("还没有打印过");
  expect(till.asked("receiptPdf"), "looking at it prints nothing").toEqual([]);
});

test("Enter writes the PDF and says where; the screen keeps what is on the paper", async () => {
  await opened({ front: PAID });
  await press("<F7><Enter>");
  expect(told()).toContain("PDF 已写好");
  expect(told()).toContain("打开这个文件，打印给顾客");
  expect(till.page.get("[data-receipt=name]").text()).toBe("128-1.pdf");
  expect(till.page.get("[data-receipt=folder]").text()).toBe("/home/shop/mianfu/till.receipts");
  expect(till.page.find("[data-receipt=reprint]").exists(), "it is no reprint").toBe(false);
  expect(till.page.get("[data-key=enter]").text()).toContain("会标补打");
  await press("<Enter>");
  expect(till.page.get("[data-receipt=name]").text()).toBe("128-2.pdf");
  expect(till.page.get("[data-receipt=reprint]").text()).toBe("补打");
  expect(paper()).toContain("【补打】第 2 次打印");
});

test("a view that comes does not change what is on the paper", async () => {
  await opened({ front: PAID });
  await press("<F7><Enter>");
  till.host.put({ ...till.host.view(), nowMs: NOW + 1_000 });
  await flushPromises();
  expect(paper()).not.toContain("补打");
  expect(told()).toContain("PDF 已写好");
});

test("Enter struck twice while it is written prints once", async () => {
  await opened({ front: PAID });
  await press("<F7>");
  down("Enter");
  down("Enter");
  await flushPromises();
  expect(till.asked("receiptPdf")).toHaveLength(1);
});

test.each(["-", "<Escape>"])("%s goes back to the plate it came from", async (back) => {
  await opened({ front: PAID });
  await press(`<F7>${back}`);
  expect(screen()).toBe("sell");
  expect(till.state()).toBe("paid");
  expect(till.asked("clearFront"), "and it is not waved off").toEqual([]);
});

test("a cash sale has its receipt too", async () => {
  await opened(sceneOf("cash-taken", NOW).counter);
  expect(till.page.get(".plate [data-key=receipt] kbd").text()).toBe("F7");
  await till.page.get(".plate [data-key=receipt]").trigger("click");
  await press("");
  expect(till.asked("receipt")).toEqual([{ orderNo: "129" }]);
  await press("-");
  expect(till.state()).toBe("cash_taken");
});

test("from the day's orders it is the chosen one's, and the way back leads there", async () => {
  await opened();
  await press("<F3><ArrowDown><F7>");
  const orderNo = till.asked("receipt").map((asked) => (asked as { orderNo: string }).orderNo);
  expect(orderNo).toEqual(["127"]);
  await press("<Escape>");
  expect(screen()).toBe("orders");
  expect(till.page.get(".order[aria-current] .no").text()).toBe("127");
});

test("an order that took no money has none, and its key says so", async () => {
  await opened();
  await press("<F3><ArrowDown><ArrowDown>");
  const key = till.page.get("[data-key=receipt]");
  expect(key.attributes("aria-disabled")).toBe("true");
  expect(key.text()).toContain("没收到钱，没有小票");
  await press("<F7>");
  expect(screen()).toBe("orders");
  expect(till.page.get(".notice").text()).toBe("这里没有收到钱，没有小票，按 F3 选收了钱的单");
});

test.each(["typing", "unknown", "declined", "held"] as const)(
  "a plate that is %s opens no receipt",
  async (state) => {
    await opened({ front: attemptIn(state, NOW) });
    expect(till.page.find(".plate [data-key=receipt]").exists()).toBe(false);
    await press("<F7>");
    expect(screen()).toBe("sell");
    expect(till.page.get(".notice").text()).toContain("这里没有收到钱，没有小票");
  },
);

test("a digit begins the next sale", async () => {
  await opened({ front: PAID });
  await press("<F7>7");
  expect(screen()).toBe("sell");
  expect(till.amount()).toBe("¥7.00");
});

test("a scan over a receipt charges nothing, prints nothing and goes to the plate", async () => {
  await opened({ front: PAID });
  await press("<F7>");
  await scanner(`${AUTH_CODE}<Enter>`);
  await press("");
  expect(screen()).toBe("sell");
  expect(till.state()).toBe("paid");
  expect(till.asked("scanCode")).toEqual([]);
  expect(till.asked("receiptPdf")).toEqual([]);
});

test("a disk that does not take it: what to do is said, the receipt stays, the next is marked", async () => {
  await opened({ front: PAID });
  await press("<F7>");
  const detail = "/home/shop/mianfu/till.receipts/128-1.pdf: No space left on device";
  till.host.refuse("receiptPdf", { code: "receipt_unwritten", detail });
  await press("<Enter>");
  expect(till.page.get(".told [role=alert]").text()).toContain("再打一次");
  expect(told()).toContain(detail);
  expect(paper()).toContain("单号 128");
  expect(till.page.find("[data-receipt=reprint]").exists(), "the print was counted").toBe(true);
  await press("<Enter>");
  expect(told()).toContain("PDF 已写好");
});

test("a receipt that cannot be read says why, and Enter reads it again", async () => {
  await opened({ front: PAID });
  till.host.refuse("receipt", { code: "nothing_taken", detail: "" });
  await press("<F7>");
  expect(told()).toContain("这一单没有收到钱，没有小票");
  expect(till.page.get("[data-key=enter]").attributes("aria-disabled")).toBe("true");
  await press("<Enter>");
  expect(till.asked("receiptPdf")).toEqual([]);
  expect(paper()).toContain("单号 128");
});

test("its key moves as the store says", async () => {
  await opened({ front: PAID, settings: settingsWith({ keys: [{ act: "receipt", code: "F10" }] }) });
  expect(till.page.get(".plate [data-key=receipt] kbd").text()).toBe("F10");
  await press("<F7>");
  expect(screen()).toBe("sell");
  await press("<F10>");
  expect(screen()).toBe("receipt");
});

test("letters of one column and of two are told apart as the till counts them", () => {
  expect(runsOf("单号 7  ¥8")).toEqual([
    { text: "单号", columns: 4, wide: true },
    { text: " 7  ¥8", columns: 6, wide: false },
  ]);
  expect(runsOf("")).toEqual([]);
});
