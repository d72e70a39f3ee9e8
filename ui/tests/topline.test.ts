// The top line and the practice mark keep what a cashier needs in sight. A test page has no layout,
// so the rules that give way are read where they are written.

import { flushPromises } from "@vue/test-utils";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { attemptIn } from "../src/demo-scenes";
import { NOW, open, type } from "./mounted";
import type { Page } from "./mounted";

const PARTS = join(import.meta.dirname, "..", "src", "parts");

let till: Page | null = null;
afterEach(() => {
  till?.page.unmount();
  till = null;
  vi.useRealTimers();
});

/** Returns the declarations of the rule with exactly this selector. */
function rule(file: string, selector: string): string {
  const css = readFileSync(join(PARTS, file), "utf8");
  const start = css.indexOf(`\n${selector} {`);
  expect(start, `${file} ${selector}`).toBeGreaterThan(-1);
  return css.slice(start, css.indexOf("}", start));
}

test("a long notice is cut, and the language and the clock are not", async () => {
  till = await open({ notices: [{ notice: "live_attempts_at_start", detail: null }] }, "en");
  const chip = till.page.get("[data-chip=notice]");
  const words = chip.get(".words").text();
  expect(words).not.toBe("");
  expect(chip.attributes("title")).toContain(words);
  expect(rule("TopLine.vue", ".top > *")).toContain("flex: none");
  expect(rule("TopLine.vue", ".top > .notice-chip")).toMatch(/flex: 0 1000000000 auto;\s+min-width: 3rem/);
  expect(rule("TopLine.vue", ".chip .words")).toContain("text-overflow: ellipsis");
});

test("the amber chip counts what nobody knows, and nothing that is waited for", async () => {
  till = await open({ front: attemptIn("typing", NOW), aside: [attemptIn("code", NOW)] });
  expect(till.page.findAll("[data-chip=unknown]")).toEqual([]);
  till.host.put({
    ...till.host.view(),
    unknownCount: 1,
    unknownSumFen: 1850,
    unknownOldestMs: NOW - 190_000,
  });
  await flushPromises();
  expect(till.page.get("[data-chip=unknown]").text()).toBe("1 笔结果未知 ¥18.50最早 3 分钟F5");
});

const ASIDE = [
  attemptIn("typing", NOW, { outTradeNo: "9001000100010000000000004415" }),
  attemptIn("unknown", NOW, { outTradeNo: "9001000100010000000000004416" }),
  attemptIn("paid", NOW, { outTradeNo: "9001000100010000000000004417" }),
];

test.each([
  ["the orders", "<F3>"],
  ["the till's state", "<F1>"],
  ["a PIN", "<F3>*"],
  ["a receipt", "<F3><F7>"],
])("sales put aside that still wait have a sign where %s stand over them", async (_, keys) => {
  for (const [spoken, word, whole] of [
    ["zh", "结果未知", "放一旁 2 笔：等顾客输密码、结果未知；返回收银处理"],
    ["en", "Not known", "2 put aside: Entering password, Not known; go back to the till for them"],
  ] as const) {
    till = await open({ aside: ASIDE }, spoken);
    expect(till.page.find("[data-chip=aside]").exists(), "they stand beside the plate").toBe(false);
    await type(keys);
    const chip = till.page.get("[data-chip=aside]");
    expect(chip.get(".seen").text()).toBe(`2${word}`);
    expect(chip.get(".spoken").text()).toBe(whole);
    expect(chip.classes()).toContain("doubt");
    expect(chip.find("svg.mark").exists()).toBe(true);
    till.page.unmount();
    till = null;
  }
});

test("the sign of sales put aside goes with the last that waits, and tells the gravest", async () => {
  till = await open({ aside: ASIDE.slice(0, 1) });
  await type("<F3>");
  const chip = (): string | undefined => till?.page.find("[data-chip=aside] .seen")?.text();
  expect(chip()).toBe("1等顾客输密码");
  till.host.put({ ...till.host.view(), aside: [...ASIDE, attemptIn("held", NOW)] });
  await flushPromises();
  expect(chip()).toBe("3请店长处理");
  till.host.put({ ...till.host.view(), aside: ASIDE.slice(2) });
  await flushPromises();
  expect(till.page.find("[data-chip=aside]").exists()).toBe(false);
});

test("the practice phone's address stays whole and its label gives way", async () => {
  till = await open({ practice: true, phoneUrl: "http://192.168.100.123:43117/phone" });
  const [label, address] = till.page.findAll(".phone > span");
  expect(label?.text()).toBe("顾客手机");
  expect(address?.text()).toBe("http://192.168.100.123:43117/phone");
  const phone = rule("TopLine.vue", ".top > .phone");
  expect(phone).toContain("flex-wrap: wrap-reverse");
  expect(phone).toContain("min-width: min-content");
  expect(phone).not.toContain("ellipsis");
});

test("the practice watermark lies behind the words of the plate", () => {
  expect(rule("DuePlate.vue", ".ghost")).toContain("z-index: -1");
  expect(rule("PlateFrame.vue", ".plate")).toContain("isolation: isolate");
});
