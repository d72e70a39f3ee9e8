// What a store sets: how amounts are typed, when a charge is asked once more, which keys act.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { SettingsView } from "../src/bindings/SettingsView";
import { attemptIn, settingsWith } from "../src/demo-scenes";
import { NOW, down, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const AUTH_CODE = "281234567890123456";

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function opened(settings: Partial<SettingsView>): Promise<void> {
  till = await open({ settings: settingsWith(settings) });
}

test("with implied decimals 1250 is ¥12.50, a dot says yuan, and plus adds up", async () => {
  await opened({ impliedDecimals: true });
  for (const [keys, amount] of [
    ["1250", "¥12.50"],
    ["5", "¥0.05"],
    ["12.5", "¥12.50"],
    ["800+450", "¥12.50"],
    ["1250<Backspace>", "¥1.25"],
    ["1250+<Backspace>", "¥12.50"],
    ["5000000", "¥50,000.00"],
  ] as const) {
    await type(keys);
    expect(till.amount(), keys).toBe(amount);
    await type("-");
  }
});

test("a charge above the store's ceiling is asked once more, and the code is not lost", async () => {
  await opened({ askAboveFen: 50_000 });
  await type("600<Enter>");
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.state()).toBe("large");
  expect(till.page.get(".say").text()).toBe("将收 ¥600.00；数对了再收");
  expect(till.asked("scanCode")).toEqual([]);
  await type("5");
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.asked("scanCode")).toEqual([]);
  expect(till.state()).toBe("large");
  await type("<Enter>");
  expect(till.asked("scanCode")).toMatchObject([{ amountFen: 60_000, authCode: AUTH_CODE }]);
});

test("minus goes back to a large amount and charges nothing; at the ceiling nothing is asked", async () => {
  await opened({ askAboveFen: 50_000 });
  await type("600*");
  expect(till.state()).toBe("large");
  await type("-");
  expect(till.amount()).toBe("¥600.00");
  expect(till.asked("showCode")).toEqual([]);
  await type("-500*");
  expect(till.asked("showCode")).toMatchObject([{ amountFen: 50_000 }]);
});

test("a moved key acts, is shown on its button, and the key it left does nothing", async () => {
  await opened({
    keys: [
      { act: "show", code: "F9" },
      { act: "cash", code: "KeyC" },
    ],
  });
  expect(till.page.get("[data-key=star] kbd").text()).toBe("F9");
  expect(till.page.get("[data-key=cash] kbd").text()).toBe("C");
  expect(till.page.text()).toContain("小键盘");
  await type("12.5*");
  expect(till.asked("showCode")).toEqual([]);
  expect(till.page.get(".sub").text()).toBe("按 Enter 后再扫；没有扫码枪时按 F9 出示码");
  await vi.advanceTimersByTimeAsync(400);
  down("c", { code: "KeyC" });
  await vi.advanceTimersByTimeAsync(60);
  await flushPromises();
  expect(till.state()).toBe("cash");
  await type("-");
  await vi.advanceTimersByTimeAsync(400);
  await type("<F9>");
  expect(till.asked("showCode")).toHaveLength(1);
});

test("Enter confirms whatever key collects, and no digit can be taken from the amount", async () => {
  await opened({
    keys: [
      { act: "collect", code: "KeyS" },
      { act: "show", code: "Numpad5" },
    ],
  });
  expect(till.page.get("[data-key=enter] kbd").text()).toBe("S");
  await type("15");
  expect(till.amount()).toBe("¥15.00");
  await vi.advanceTimersByTimeAsync(400);
  down("s", { code: "KeyS" });
  await vi.advanceTimersByTimeAsync(60);
  await flushPromises();
  expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("armed");
  await type("-");
  await type("<Enter>");
  expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("armed");
});

test("moved keys are shown while waiting and named in hints", async () => {
  till = await open({
    front: attemptIn("typing", NOW),
    settings: settingsWith({ keys: [{ act: "aside", code: "F7" }] }),
  });
  expect(till.page.get("[data-key=aside] kbd").text()).toBe("F7");
  await type("<F6>");
  expect(till.asked("putAside")).toEqual([]);
  await type("<F7>");
  expect(till.asked("putAside")).toHaveLength(1);
});
