// Storms of fingers and a stumbling scanner, by seed: whatever comes, no amount is charged but the
// one that fingers typed, and no code twice.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import { settingsWith } from "../src/demo-scenes";
import { down, open } from "./mounted";
import type { Page } from "./mounted";

const STORMS = 100;

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

/** Numbers from 0 up to the bound, the same for the same seed. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

async function wait(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

async function scan(code: string, next: (below: number) => number): Promise<void> {
  const everyMs = 1 + next(30);
  const stumble = next(2) === 0 ? 1 + next(code.length - 1) : -1;
  const end = [["Enter"], ["Enter", "Enter"], ["Tab"], []][next(4)] ?? [];
  for (const [i, key] of [...code, ...end].entries()) {
    if (i > 0) await wait(i === stumble ? 60 + next(1_500) : everyMs);
    down(key);
  }
}

test.each(["box", "trigger"] as const)("no storm with a %s scanner charges a wrong amount", async (kind) => {
  till = await open({ settings: settingsWith({ scanner: kind }) });
  const next = chance(kind === "box" ? 7 : 11);
  let charges = 0;
  for (let storm = 0; storm < STORMS; storm += 1) {
    till.host.put({ ...till.host.view(), front: null, question: null });
    await wait(4_000);
    for (const key of ["Escape", "-", "-"]) {
      down(key);
      await wait(300);
    }
    const amount = String(1 + next(4_999));
    const code = `28${String(next(1e8)).padStart(8, "0")}${String(next(1e8)).padStart(8, "0")}`;
    const before = till.asked("scanCode").length;
    for (const digit of amount) {
      down(digit);
      await wait(90 + next(160));
    }
    if (kind === "box" && next(4) > 0) {
      await wait(next(400));
      down("Enter");
    }
    await wait(next(1_500));
    const scans = 1 + next(3);
    for (let i = 0; i < scans; i += 1) {
      await scan(code, next);
      await wait(next(900));
      if (next(3) === 0) down("Enter");
      await wait(next(700));
    }
    await wait(1_500);
    await flushPromises();
    const charged = till.asked("scanCode").slice(before) as {
      amountFen: number;
      authCode: string;
      intentId: string;
    }[];
    const whole = charged.filter(({ authCode }) => authCode === code);
    const said = `storm ${storm}: ${amount} with ${code}`;
    for (const { amountFen } of whole) expect(amountFen, said).toBe(Number(amount) * 100);
    expect(new Set(whole.map(({ intentId }) => intentId)).size, said).toBeLessThanOrEqual(1);
    expect(whole.length, said).toBeLessThanOrEqual(1);
    charges += whole.length;
  }
  expect(charges).toBeGreaterThan(STORMS / 4);
}, 120_000);
