// Storms of fingers and a stumbling scanner, by seed: whatever comes, no amount is charged but the
// one that fingers typed and that stood on the screen, with a box scanner armed by a finger, and no
// code twice.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { ScannerKind } from "../src/bindings/ScannerKind";
import { settingsWith } from "../src/demo-scenes";
import { open } from "./mounted";
import type { Page } from "./mounted";
import { isTyped, stormOf } from "./storm-script";
import type { Act, Blow } from "./storm-script";

/** Seeds `A..B`, the second not included. */
const [FROM = 0, TO = 0] = (process.env.STORMS ?? "0..300").split("..").map(Number);

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function wait(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

async function strike({ key, code, afterMs }: Blow): Promise<void> {
  await wait(afterMs);
  const init = key === "LF" ? { key: "j", code: "KeyJ", ctrlKey: true } : { key, code };
  const event = new KeyboardEvent("keydown", { ...init, bubbles: true, cancelable: true });
  Object.defineProperty(event, "timeStamp", { value: performance.now() });
  (document.activeElement ?? document.body).dispatchEvent(event);
}

/** What stood on the screen when a scan began. */
interface Sight {
  code: string;
  fen: number;
  armed: boolean;
  fingersEnter: boolean;
}

function sight(code: string, fingersEnter: boolean): Sight {
  const amount = till.page.find(".plate .amount");
  const fen = amount.exists() ? Number(amount.text().replaceAll(/\D/g, "")) : 0;
  const armed = till.page.find("[data-phase=armed]").exists();
  return { code, fen, armed, fingersEnter };
}

interface Charge {
  amountFen: number;
  authCode: string;
  intentId: string;
}

/** A code that is used already is refused, and charges nothing. */
function isFirst(asked: readonly Charge[], at: number): boolean {
  return asked.findIndex(({ authCode }) => authCode === asked[at]?.authCode) === at;
}

async function pass(acts: readonly Act[]): Promise<{ sights: Sight[]; charges: Charge[] }> {
  const before = till.asked("scanCode").length;
  const sights: Sight[] = [];
  let fingersEnter = false;
  for (const act of acts) {
    if (act.kind === "scan" && act.code !== null) {
      const [first] = act.blows;
      await wait(first?.afterMs ?? 0);
      sights.push(sight(act.code, fingersEnter));
      for (const [i, blow] of act.blows.entries()) await strike(i === 0 ? { ...blow, afterMs: 0 } : blow);
    } else {
      fingersEnter ||= act.kind === "press" && act.key === "Enter";
      for (const blow of act.blows) await strike(blow);
    }
  }
  await wait(2_500);
  await flushPromises();
  const whole = /^28\d{16}$/;
  const asked = till.asked("scanCode").slice(before) as Charge[];
  const charges = asked.filter(({ authCode }, i) => whole.test(authCode) && isFirst(asked, i));
  return { sights, charges };
}

async function back(): Promise<void> {
  till.host.put({ ...till.host.view(), front: null, question: null, cash: null, aside: [] });
  await wait(4_000);
  for (const key of ["-", "Escape", "-", "Escape", "-"]) {
    await strike({ key, code: key === "-" ? "NumpadSubtract" : key, afterMs: 300 });
    await wait(100);
  }
  await wait(300);
  expect(till.amount()).toBe("¥0.00");
}

/** Returns why a charge is wrong; null for a right one. */
function wrong(charge: Charge, acts: readonly Act[], sights: readonly Sight[], kind: ScannerKind): string | null {
  if (!isTyped(acts, charge.amountFen)) return "no finger typed this amount";
  const scans = sights.filter(({ code }) => code === charge.authCode);
  if (scans.length === 0) return "the code was never scanned whole";
  const seen = scans.filter(({ fen }) => fen === charge.amountFen);
  if (seen.length === 0) return `${scans.map(({ fen }) => fen)} fen stood on the screen`;
  if (kind === "box" && !seen.some(({ armed, fingersEnter }) => armed && fingersEnter)) return "nobody had armed it";
  return null;
}

function toldOf(acts: readonly Act[]): string {
  return acts
    .map(({ blows }) => blows.map(({ key, afterMs }) => `${afterMs}:${key}`).join(" "))
    .join(" | ");
}

test.each(["box", "trigger"] as const)("no storm with a %s scanner charges a wrong amount", async (kind) => {
  till = await open({ settings: settingsWith({ scanner: kind }) }, "zh", 150);
  let charged = 0;
  const wrongs: string[] = [];
  for (let seed = FROM; seed < TO; seed += 1) {
    await back();
    const acts = stormOf(seed, kind);
    const { sights, charges } = await pass(acts);
    for (const charge of charges) {
      const why = wrong(charge, acts, sights, kind);
      if (why !== null) wrongs.push(`seed ${seed}: ${charge.amountFen} of ${charge.authCode}: ${why}; ${toldOf(acts)}`);
    }
    charged += charges.length;
  }
  expect(wrongs).toEqual([]);
  expect(charged).toBeGreaterThan((TO - FROM) / 5);
}, 3_600_000);
