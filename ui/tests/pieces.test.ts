// A scan that comes in pieces leaves no digit of itself in an amount, and an amount that ran into
// one is typed again as a whole: half an amount is worse than none.

import { flushPromises } from "@vue/test-utils";
import { afterEach, describe, expect, test, vi } from "vitest";
import { settingsWith } from "../src/demo-scenes";
import { burst, down, open, type } from "./mounted";
import type { Page } from "./mounted";

const KEYS = "281234567890123456<Enter>";

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function wait(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await flushPromises();
}

/** Strikes pieces of a scan, each key 10 ms after the one before, with a pause between two. */
async function pieces(parts: readonly string[], pauseMs: number): Promise<void> {
  for (const [i, part] of parts.entries()) {
    if (i > 0) await wait(pauseMs);
    for (const key of part.matchAll(/<(\w+)>|(.)/g)) {
      const name = key[1] ?? key[2] ?? "";
      down(name, { code: /^\d$/.test(name) ? `Digit${name}` : /^[a-z]$/i.test(name) ? `Key${name.toUpperCase()}` : name });
      await wait(10);
    }
  }
  await wait(700);
}

function said(): string {
  return till.page.get(".notice").text();
}

const PIECES: readonly (readonly string[])[] = [
  ["6212", "34567", "89012345<Enter>"],
  ["8", "101", "2345678901<Enter>"],
  ["2", "8", "812", "34567<Tab>"],
  ["2881", "2345", "67"],
  ["SKU", "0042", "abC<Enter>"],
  ["6", "9012", "341<Enter>"],
  ["69", "01", "2341<Tab>"],
];

describe.each(["box", "trigger"] as const)("with a %s scanner", (scanner) => {
  test.each(PIECES.map((parts) => [parts.join(" ")]))("%s leaves no digit in the amount typed next", async (joined) => {
    for (const pauseMs of [60, 240, 300, 400, 550]) {
      till = await open({ settings: settingsWith({ scanner }) });
      await pieces(joined.split(" "), pauseMs);
      await wait(2_000);
      await type("37.56");
      expect(till.amount(), `${joined} at ${pauseMs}`).toBe("¥37.56");
      expect(till.page.find("[data-phase=armed]").exists()).toBe(false);
      till.page.unmount();
      vi.useRealTimers();
    }
    till = await open();
  });

  test.each(PIECES.map((parts) => [parts.join(" ")]))("%s leaves an amount that had stood", async (joined) => {
    for (const pauseMs of [60, 300, 550]) {
      till = await open({ settings: settingsWith({ scanner }) });
      await type("17.2");
      await wait(700);
      await pieces(joined.split(" "), pauseMs);
      expect(["¥17.20", "¥0.00"], `${joined} at ${pauseMs}`).toContain(till.amount());
      expect(till.page.find("[data-phase=armed]").exists()).toBe(false);
      till.page.unmount();
      vi.useRealTimers();
    }
    till = await open();
  });

  test("a card that runs into an amount just typed takes the amount back and says so", async () => {
    till = await open({ settings: settingsWith({ scanner }) });
    await type("17.2");
    await wait(300);
    await pieces(["81012345678901<Enter>"], 0);
    expect(till.amount()).toBe("¥0.00");
    expect(said()).toBe("金额和扫码混在一起，没有收进来，请重新输入金额");
    await wait(1_000);
    await type("17.2");
    expect(till.amount()).toBe("¥17.20");
  });

  test("an amount typed into the rest of a code that was cut is let go whole", async () => {
    till = await open({ settings: settingsWith({ scanner }) });
    await pieces(["28123456"], 0);
    await type("12.50", 150);
    await wait(200);
    await type("9", 150);
    expect(till.amount()).toBe("¥0.00");
    expect(said()).toBe("金额和扫码混在一起，没有收进来，请重新输入金额");
    await wait(700);
    await type("12.50");
    expect(till.amount()).toBe("¥12.50");
  });
});

test("an Enter at a scanner's pace behind one digit arms nothing, and the next Enter does", async () => {
  till = await open();
  await type("12");
  down("5");
  await wait(30);
  down("Enter");
  await wait(700);
  expect(till.page.find("[data-phase=armed]").exists()).toBe(false);
  expect(said()).toBe("金额可能混进了码，看清金额，按 Enter 后再扫");
  expect(till.amount()).toBe("¥125.00");
  await type("<Enter>");
  expect(till.page.find("[data-phase=armed]").exists()).toBe(true);
});

test("what is received in cash and runs into an Enter is asked for again", async () => {
  till = await open();
  await type("12.5<F9>");
  await wait(400);
  for (const key of ["2", "0", "0", "Enter"]) {
    down(key);
    await wait(40);
  }
  await wait(700);
  expect(till.asked("takeCash")).toEqual([]);
  expect(said()).toContain("请重新输入金额");
});

test("a scan that another screen hid charges nothing, whatever key brings the counter back", async () => {
  till = await open({ settings: settingsWith({ scanner: "trigger" }) });
  await type("65");
  await type("<F3>");
  await wait(700);
  for (const key of "281234567890123456") {
    down(key);
    await wait(2);
  }
  await wait(200);
  down("F3");
  await wait(1_000);
  expect(till.asked("scanCode")).toEqual([]);
  await type("<F3>");
  await wait(2_000);
  await burst(KEYS, { everyMs: 5 });
  expect(till.asked("scanCode")).toHaveLength(1);
});
