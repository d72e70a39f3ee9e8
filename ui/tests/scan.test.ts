// A scan that stumbles never becomes an amount, and fingers are never taken for a scan.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { attemptIn } from "../src/demo-scenes";
import { NOW, burst, down, open, type } from "./mounted";
import type { Pace, Page } from "./mounted";

const AUTH_CODE = "281234567890123456";
const KEYS = `${AUTH_CODE}<Enter>`;
const PACES: readonly number[] = [5, 12, 30, 70, 100];
const STUMBLES: readonly number[] = [60, 200];

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function each(prepare: () => Promise<void>, check: (said: string) => void): Promise<void> {
  for (const everyMs of PACES) {
    for (const ms of STUMBLES) {
      for (let before = 1; before <= AUTH_CODE.length; before += 1) {
        await prepare();
        const pace: Pace = { everyMs, slow: { before, ms } };
        await burst(KEYS, pace);
        check(`${everyMs} ms a key, ${ms} ms before key ${before + 1}`);
        till.page.unmount();
      }
    }
  }
}

async function opened(counter: Partial<CounterView>, keys: string): Promise<void> {
  till = await open(counter);
  await type(keys);
  await vi.advanceTimersByTimeAsync(700);
}

function nothingCharged(said: string): void {
  expect(till.asked("scanCode"), said).toEqual([]);
  expect(till.asked("showCode"), said).toEqual([]);
}

function told(): (number | null)[] {
  return till
    .asked("typeAmount")
    .map((request) => (request as { amountFen: number | null }).amountFen);
}

test("a stumbling scan before Enter leaves the amount, arms nothing and says why", async () => {
  await each(
    () => opened({}, "12.5"),
    (said) => {
      expect(till.amount(), said).toBe("¥12.50");
      expect(till.page.get("[data-phase]").attributes("data-phase"), said).toBe("typing");
      expect(till.page.get(".notice").text(), said).toBe("按 Enter 后再扫");
      expect(told(), said).toEqual([1250]);
      nothingCharged(said);
    },
  );
}, 60_000);

test("a stumbling scan over an empty till types no amount", async () => {
  await each(
    () => opened({}, ""),
    (said) => {
      expect(till.state(), said).toBe("zero");
      expect(till.amount(), said).toBe("¥0.00");
      expect(till.page.get(".notice").text(), said).toBe("先输金额");
      expect(told().filter((fen) => fen !== null), said).toEqual([]);
      nothingCharged(said);
    },
  );
}, 60_000);

test("a stumbling scan of an armed amount is charged exactly once, with the whole code", async () => {
  await each(
    () => opened({}, "12.5<Enter>"),
    (said) => {
      expect(till.asked("scanCode"), said).toEqual([
        { intentId: expect.any(String), amountFen: 1250, shop: "own", authCode: AUTH_CODE, sameCustomer: "ask" },
      ]);
      expect(till.amount(), said).toBe("¥12.50");
    },
  );
}, 60_000);

test("a long stumble within an armed scan is the same scan, or asks for another", async () => {
  for (const ms of [300, 500]) {
    for (let before = 1; before <= AUTH_CODE.length; before += 1) {
      await opened({}, "12.5<Enter>");
      const said = `${ms} ms before key ${before + 1}`;
      await burst(KEYS, { everyMs: 8, slow: { before, ms } });
      await vi.advanceTimersByTimeAsync(700);
      if (till.asked("scanCode").length === 0) {
        expect(till.page.get(".notice").text(), said).toBe("码没扫全，请再扫一次");
        await burst(KEYS, { everyMs: 8 });
      }
      expect(till.asked("scanCode"), said).toEqual([
        { intentId: expect.any(String), amountFen: 1250, shop: "own", authCode: AUTH_CODE, sameCustomer: "ask" },
      ]);
      expect(till.amount(), said).toBe("¥12.50");
      till.page.unmount();
    }
  }
}, 60_000);

test("the Enter of a scan that comes late presses nothing", async () => {
  await opened({}, "12.5");
  await burst(AUTH_CODE, { everyMs: 8 });
  await vi.advanceTimersByTimeAsync(300);
  down("Enter");
  await vi.advanceTimersByTimeAsync(700);
  expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("typing");
  nothingCharged("late Enter");
  await vi.advanceTimersByTimeAsync(400);
  await type("<Enter>");
  expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("armed");
});

test("a page held up in the middle of a scan without Enter hands on the whole of it", async () => {
  await opened({}, "12.5<Enter>");
  const begun = performance.now();
  for (let i = 0; i < 12; i += 1) down(AUTH_CODE.charAt(i), {}, -5 * i);
  // The clock goes on while the page does nothing: its timer is late when it comes to it.
  vi.setSystemTime(Date.now());
  vi.spyOn(performance, "now").mockReturnValue(begun + 5_000);
  await vi.advanceTimersByTimeAsync(600);
  vi.restoreAllMocks();
  expect(till.asked("scanCode")).toEqual([]);
  const late = performance.now();
  for (let i = 12; i < 18; i += 1) down(AUTH_CODE.charAt(i), {}, late - begun - 5 * i);
  await vi.advanceTimersByTimeAsync(700);
  await flushPromises();
  expect(till.asked("scanCode")).toEqual([
    { intentId: expect.any(String), amountFen: 1250, shop: "own", authCode: AUTH_CODE, sameCustomer: "ask" },
  ]);
});

test("a second read over a paid sale begins no sale and asks for no further scan", async () => {
  await each(
    () => opened({ front: attemptIn("paid", NOW) }, ""),
    (said) => {
      expect(till.state(), said).toBe("paid");
      expect(till.amount(), said).toBe("¥12.50");
      expect(till.page.get(".notice").text(), said).toBe("这一笔已收款，不用再扫");
      expect(till.host.calls, said).toEqual([]);
    },
  );
}, 60_000);

test("a scan over a declined sale says to press Enter first", async () => {
  await opened({ front: attemptIn("declined", NOW) }, "");
  await burst(KEYS, { everyMs: 70 });
  expect(till.state()).toBe("declined");
  expect(till.page.get(".notice").text()).toBe("按 Enter 后再扫");
});

test("the pace is that of the strokes, however late the page comes to them", async () => {
  await opened({}, "12.5");
  for (let i = 0; i < AUTH_CODE.length; i += 1) {
    if (i === 4) await vi.advanceTimersByTimeAsync(500);
    // The page comes to the fifth key 500 ms late, and to the rest at once.
    down(AUTH_CODE.charAt(i), {}, i < 4 ? 0 : 500 - 5 * (i - 3));
    if (i < 3) await vi.advanceTimersByTimeAsync(5);
  }
  await vi.advanceTimersByTimeAsync(400);
  await flushPromises();
  expect(till.amount()).toBe("¥12.50");
  nothingCharged("late keys");
});

test("a tail that comes after its scan was handed on types nothing and presses nothing", async () => {
  await opened({}, "12.5");
  const start = performance.now();
  for (let i = 0; i < 12; i += 1) down("2", {}, -5 * i);
  await vi.advanceTimersByTimeAsync(500);
  for (let i = 12; i < 18; i += 1) down("2", {}, performance.now() - start - 5 * i);
  down("Enter", {}, performance.now() - start - 90);
  await vi.advanceTimersByTimeAsync(400);
  expect(till.amount()).toBe("¥12.50");
  expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("typing");
});

test("amounts typed by hand, fast or slow, are amounts", async () => {
  for (const everyMs of [120, 180, 240, 260, 400]) {
    for (const [keys, amount] of [
      ["1280.50", "¥1,280.50"],
      ["50000", "¥50,000.00"],
      ["12345.67", "¥12,345.67"],
      ["12.5+8.40+3.20+1.25", "¥25.35"],
      ["0.01", "¥0.01"],
    ] as const) {
      till = await open();
      await type(`${keys}<Enter>`, everyMs);
      expect(till.amount(), `${keys} at ${everyMs}`).toBe(amount);
      expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("armed");
      till.page.unmount();
    }
  }
});

test("a code typed by hand into an armed amount is charged once, at any pace", async () => {
  for (const everyMs of [120, 200, 300]) {
    await opened({}, "12.5<Enter>");
    await type(KEYS, everyMs);
    expect(till.asked("scanCode")).toMatchObject([{ authCode: AUTH_CODE, amountFen: 1250 }]);
    till.page.unmount();
  }
});

test("no amount has more than seven digits, whatever the limit", async () => {
  await opened({ limitFen: 99_999_999_99 }, "12345678");
  expect(till.amount()).toBe("¥1,234,567.00");
  expect(till.page.get(".notice").text()).toBe("超出单笔限额，分几笔收");
});
