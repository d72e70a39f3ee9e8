// What nobody can hear is seen: the plate's outline stands out once for each event.

import { flushPromises } from "@vue/test-utils";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { attemptIn } from "../src/demo-scenes";
import { FLASH_MS } from "../src/flash";
import { speak } from "../src/text";
import { NOW, open, type } from "./mounted";
import type { Page } from "./mounted";

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function told(change: Partial<CounterView>): Promise<void> {
  till.host.put({ ...till.host.view(), ...change });
  await flushPromises();
}

function stands(): boolean {
  return till.page.get(".counter").classes("flashing");
}

async function wait(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

test("an event that nobody heard stands out once, for as long as is written", async () => {
  till = await open({ soundWorks: false });
  expect(stands()).toBe(false);
  await told({ front: attemptIn("paid", NOW), missedSounds: 1 });
  expect(stands()).toBe(true);
  await wait(FLASH_MS - 1);
  expect(stands()).toBe(true);
  await wait(1);
  expect(stands()).toBe(false);
});

test("the same event stands out no second time: not in a view that is told again, not in another language", async () => {
  till = await open({ soundWorks: false });
  await told({ front: attemptIn("declined", NOW), missedSounds: 1 });
  await wait(FLASH_MS);
  await told({ nowMs: NOW + 1_000 });
  expect(stands()).toBe(false);
  speak("en");
  await flushPromises();
  expect(stands()).toBe(false);
  await type("<F3>");
  expect(stands()).toBe(false);
});

test("a page that opens late has missed nothing", async () => {
  till = await open({ soundWorks: false, missedSounds: 7, front: attemptIn("paid", NOW) });
  expect(stands()).toBe(false);
  await told({ missedSounds: 8 });
  expect(stands()).toBe(true);
});

test("a device that vanishes is missed with the next event, and one that is back is not", async () => {
  till = await open();
  await told({ front: attemptIn("paid", NOW) });
  expect(stands()).toBe(false);
  await told({ soundWorks: false, front: attemptIn("closed", NOW), missedSounds: 1 });
  expect(stands()).toBe(true);
  await wait(FLASH_MS);
  await told({ soundWorks: true, front: attemptIn("paid", NOW) });
  expect(stands()).toBe(false);
});

test("a missing device is named where a person reads what is wrong, with what to do", async () => {
  till = await open({ soundWorks: false, notices: [{ notice: "no_sound", detail: null }] });
  expect(till.page.get("[data-chip=notice]").text()).toContain("没有声音设备");
  expect(till.page.get(".standing").text()).toBe("没有声音设备：结果看屏幕闪边；请接好音箱");
});

test("the outline is 6 px wide, fades within its time, and stands still where nothing may move", () => {
  const styles = join(import.meta.dirname, "..", "src", "styles");
  const css = readFileSync(join(styles, "base.css"), "utf8");
  expect(css.match(/inset 0 0 0 0\.375rem/g)?.length).toBeGreaterThan(1);
  expect(readFileSync(join(styles, "tokens.css"), "utf8")).toContain(`--m-flash: ${FLASH_MS}ms;`);
  const still = css.slice(css.indexOf("@media (prefers-reduced-motion: reduce)"));
  expect(still).toMatch(/^[^}]*\.flashing \.plate[^}]*animation: none;/);
});
