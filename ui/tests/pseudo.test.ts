// Sentences two fifths longer, as another language may be: none is cut by the page, none is lost.
// A test page has no layout: what has no room is found in the real window (tests/window/crowd.js).

import { flushPromises, mount } from "@vue/test-utils";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { STATES, attemptIn, counterAt, sceneOf } from "../src/demo-scenes";
import { longer } from "../src/demo-stretch";
import Failed from "../src/screens/Failed.vue";
import { speak } from "../src/text";
import { NOW, open, type } from "./mounted";
import type { Page } from "./mounted";

vi.mock("../src/text/zh", async (original) => {
  const { lengthen } = await import("../src/demo-stretch");
  const table = await original<typeof import("../src/text/zh")>();
  lengthen(table.zh);
  return table;
});
vi.mock("../src/text/en", async (original) => {
  const { lengthen } = await import("../src/demo-stretch");
  const table = await original<typeof import("../src/text/en")>();
  lengthen(table.en);
  return table;
});

vi.mock("../src/text/receipt", async (original) => {
  const { lengthen } = await import("../src/demo-stretch");
  const table = await original<typeof import("../src/text/receipt")>();
  lengthen(table.RECEIPT);
  return table;
});
/** How a longer sentence ends. */
const GROWN = /长$|l(?:o(?:n(?:g(?:e(?:r)?)?)?)?)?$|x$/;

let till: Page | undefined;
afterEach(() => {
  till?.page.unmount();
  till = undefined;
  vi.useRealTimers();
});

const SCENES: readonly [string, CounterView, string][] = [
  ...STATES.map((state): [string, CounterView, string] => [
    state,
    counterAt(NOW, { front: attemptIn(state, NOW) }),
    "",
  ]),
  ["cash", counterAt(NOW), "12.58<F9>*10<Enter>"],
  ["cash instead", counterAt(NOW, { front: attemptIn("typing", NOW) }), "<F9>"],
  ["cash taken", sceneOf("cash-taken", NOW).counter, ""],
  ["same customer just paid", sceneOf("just-paid", NOW).counter, ""],
  ["refund", sceneOf("just-paid", NOW).counter, "<F2>"],
  ["PIN", sceneOf("just-paid", NOW).counter, "<F2><Enter>12<Enter>"],
  ["first PIN of practice", counterAt(NOW, { manager: "unset", practice: true }), "<F3>*"],
  ["another PIN", counterAt(NOW), "<F3>*12"],
  ["PIN for the goods", counterAt(NOW, { front: attemptIn("unknown", NOW) }), "<F4>"],
  ["first PIN", sceneOf("first-pin", NOW).counter, ""],
  ["question", sceneOf("question", NOW).counter, ""],
  ["large amount", sceneOf("large", NOW).counter, "600*"],
  ["nothing typed", counterAt(NOW), ""],
  ["armed", counterAt(NOW), "12.50<Enter>"],
  ["trigger scanner", sceneOf("trigger", NOW).counter, "12.50"],
  ["moved keys", sceneOf("keys", NOW).counter, "12.50"],
  ["silent channel", sceneOf("silent", NOW).counter, ""],
  ["sales aside and unknown", sceneOf("aside", NOW).counter, ""],
  ["practice with everything at once", sceneOf("practice-full", NOW).counter, ""],
  ["goods gone", sceneOf("goods-gone", NOW).counter, ""],
  ["given up for cash", sceneOf("unwanted", NOW).counter, ""],
  ["health", sceneOf("health", NOW).counter, ""],
  ["health list", sceneOf("health", NOW).counter, "<F1>"],
  ["open items", counterAt(NOW, { waitingRefunds: 2, aside: [attemptIn("unknown", NOW)] }), "<F5>"],
  ["nothing open", counterAt(NOW), "<F5>"],
  ["orders", counterAt(NOW), "<F3>"],
  ["receipt", sceneOf("cash-taken", NOW).counter, "<F7>"],
];

test("a longer sentence is at least two fifths longer", () => {
  for (const sentence of ["已收款", "Hand over the goods"]) {
    const grown = longer(sentence).length / sentence.length;
    expect(grown).toBeGreaterThanOrEqual(1.3);
  }
});

test.each(SCENES)("%s shows every longer sentence whole, in both languages", async (_, view, keys) => {
  for (const spoken of ["zh", "en"] as const) {
    till = await open(view, spoken);
    await type(keys);
    await vi.dynamicImportSettled();
    const heading = till.page.get("h1").text();
    expect(heading, spoken).toMatch(GROWN);
    expect(till.page.text()).not.toContain("undefined");
    expect(till.page.text()).not.toMatch(/\{(?:collect|show|ask|cancel|aside|cash|orders|receipt|practice|health|open_items)\}/);
    till.page.unmount();
    till = undefined;
  }
});

test("the question before closing shows every longer sentence whole", async () => {
  for (const spoken of ["zh", "en"] as const) {
    till = await open(counterAt(NOW), spoken);
    till.host.askClose([attemptIn("unknown", NOW)]);
    await flushPromises();
    expect(till.state()).toBe("close");
    expect(till.page.get("h1").text(), spoken).toMatch(GROWN);
    expect(till.page.get(".act.first b").text(), spoken).toMatch(GROWN);
    till.page.unmount();
    till = undefined;
  }
});

test("a till that cannot open says so in every longer sentence", () => {
  for (const spoken of ["zh", "en"] as const) {
    speak(spoken);
    const report = { code: "database_broken" as const, detail: "" };
    const page = mount(Failed, { props: { report } });
    expect(page.get("h1").text(), spoken).toMatch(GROWN);
    page.unmount();
  }
});

test("only names and numbers that are whole elsewhere may be cut with dots", () => {
  const root = join(import.meta.dirname, "..", "src");
  const cut = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:vue|css)$/.test(name))
    .flatMap((name) => {
      const css = readFileSync(join(root, name), "utf8");
      return [...css.matchAll(/\n([^\n{}]+) \{[^{}]*text-overflow: ellipsis/g)].map(
        ([, rule]) => `${name.replaceAll("\\", "/")} ${rule}`,
      );
    });
  expect(cut.sort()).toEqual([
    "parts/AttemptRibbon.vue .ribbon span",
    "parts/TopLine.vue .chip .words",
    "parts/TopLine.vue .top > .where",
    "screens/Orders.vue .no",
  ]);
});
