// Practice entered and left: by a manager's PIN in, by one key out, and nothing taken along.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { DEMO_PIN } from "../src/demo";
import { attemptIn, counterAt, settingsWith } from "../src/demo-scenes";
import { NOW, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const AUTH_CODE = "281234567890123456";
const PRACTICE = { shop: "practice", practice: true } as const;

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function opened(counter: Partial<CounterView> = {}): Promise<void> {
  till = await open(counter);
}

function said(): string {
  return till.page.get(".notice").text();
}

function screen(): string | undefined {
  return till.page.get("main").attributes("data-screen");
}

test("the manager's PIN enters practice, one key leaves it", async () => {
  await opened();
  await type("<F10>");
  expect(till.page.get("h1").text()).toBe("进入练习");
  expect(till.page.find(".practice-frame").exists()).toBe(false);
  await type("123456<Enter>");
  expect(said()).toBe("密码不对：请店长再输");
  await type(`${DEMO_PIN}<Enter>`);
  expect(till.asked("enterPractice")).toEqual([{ pin: "123456" }, { pin: DEMO_PIN }]);
  expect(till.state()).toBe("zero");
  expect(till.page.find(".practice-frame").exists()).toBe(true);
  expect(said()).toBe("已进入练习，收的不是真钱，按 F10 退出");
  await type("<F10>");
  expect(till.asked("leavePractice")).toHaveLength(1);
  expect(till.page.find(".practice-frame").exists()).toBe(false);
  expect(said()).toBe("练习已结束，现在收的是真钱");
});

test("the list of orders has a button into practice, the top line one out of it", async () => {
  await opened();
  await type("<F3>");
  const enter = till.page.get(".panel [data-key=practice]");
  expect(enter.text()).toBe("进入练习F10");
  await enter.trigger("click");
  expect(till.page.get("h1").text()).toBe("进入练习");
  await type(`${DEMO_PIN}<Enter>`);
  expect(screen()).toBe("sell");
  const leave = till.page.get(".top [data-key=practice]");
  expect(leave.text()).toBe("退出练习F10");
  await type("<F3>");
  expect(till.page.find(".panel [data-key=practice]").exists()).toBe(false);
  await leave.trigger("click");
  await flushPromises();
  expect(till.page.find(".top [data-key=practice]").exists()).toBe(false);
  expect(screen()).toBe("sell");
});

test("a store may put practice on another key, and its buttons say so", async () => {
  await opened({ ...PRACTICE, settings: settingsWith({ keys: [{ act: "practice", code: "F12" }] }) });
  expect(till.page.get(".top [data-key=practice]").text()).toBe("退出练习F12");
  await type("<F10>");
  expect(till.asked("leavePractice")).toEqual([]);
  await type("<F12>");
  expect(till.asked("leavePractice")).toHaveLength(1);
});

test("practice waits for results and says so", async () => {
  const waiting = attemptIn("typing", NOW);
  const held = attemptIn("held", NOW);
  for (const counter of [
    { front: waiting },
    { aside: [waiting] },
    { front: held },
  ]) {
    await opened(counter);
    await type("<F10>");
    expect(said()).toBe("还有单没有结果，等结果出来再进练习");
    expect(till.page.find("[data-state=pin]").exists()).toBe(false);
    till.page.unmount();
  }
  await opened({ front: attemptIn("paid", NOW) });
  await type("<F10>");
  expect(till.state()).toBe("pin");
});

test("what is in hand is finished first", async () => {
  await opened();
  for (const keys of ["12.50", "12.50<Enter>", "12.50<F9>"]) {
    await type(`${keys}<F10>`);
    expect(said(), keys).toBe("手上还有一笔，先收完，或按 − 清掉，再进练习");
    await type("<Escape>-");
  }
  expect(till.page.find("[data-state=pin]").exists()).toBe(false);
});

test("the till's own refusal is said where the PIN was typed", async () => {
  await opened();
  till.host.refuse("enterPractice", { code: "sales_open", detail: "" });
  await type(`<F10>${DEMO_PIN}<Enter>`);
  expect(till.state()).toBe("pin");
  expect(said()).toBe("还有单没有结果：等结果出来再进练习");
});

test("a till without a real channel says that there is nothing but practice", async () => {
  await opened({ shop: "practice_only", practice: true });
  await type("<F10>");
  expect(said()).toContain("本机没有真渠道");
  expect(till.page.find(".top [data-key=practice]").exists()).toBe(false);
});

test("no amount, armed sale, PIN or list goes along into the other shop", async () => {
  for (const [keys, refund] of [["12.50<Enter>", ""], ["12.50<F9>20", ""], ["<F3>", ""], ["<F2>", "paid"]] as const) {
    await opened({ ...PRACTICE, front: refund === "" ? null : attemptIn("paid", NOW) });
    await type(keys);
    till.host.put(counterAt(NOW));
    await flushPromises();
    expect(till.state(), keys).toBe("zero");
    expect(till.amount(), keys).toBe("¥0.00");
    expect(screen(), keys).toBe("sell");
    expect(said(), keys).toBe("练习已结束，现在收的是真钱");
    await scanner(`${AUTH_CODE}<Enter>`);
    await type("<Enter>");
    expect(till.asked("scanCode"), keys).toEqual([]);
    expect(till.asked("takeCash"), keys).toEqual([]);
    till.page.unmount();
  }
  await opened();
});

test("a scan that was under way as the shop changed brings no amount back", async () => {
  await opened({ ...PRACTICE, settings: settingsWith({ scanner: "trigger" }) });
  await type("12.50");
  await vi.advanceTimersByTimeAsync(1_000);
  await scanner(AUTH_CODE.slice(0, 4));
  till.host.put(counterAt(NOW, { settings: settingsWith({ scanner: "trigger" }) }));
  await flushPromises();
  await scanner(`${AUTH_CODE.slice(4)}<Enter>`);
  expect(till.amount()).toBe("¥0.00");
  expect(till.asked("scanCode")).toEqual([]);
});

test("a charge names the shop it was confirmed in", async () => {
  await opened(PRACTICE);
  await type("12.50<Enter>");
  await scanner(`${AUTH_CODE}<Enter>`);
  expect(till.asked("scanCode")).toMatchObject([{ amountFen: 1250, shop: "practice" }]);
});

test("the last minute is counted down in place of a hint, and any key goes on", async () => {
  await opened({ ...PRACTICE, practiceEndsAtMs: NOW + 55_000 });
  expect(said()).toBe("没人用，练习 60 秒内结束，按任意键继续练习");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(said()).toBe("没人用，练习 40 秒内结束，按任意键继续练习");
  await type("<ArrowUp>");
  expect(till.asked("stirPractice")).toHaveLength(1);
  expect(till.page.find(".notice").exists()).toBe(false);
});

test("keys and touches tell that somebody is there, in practice only and once a second", async () => {
  await opened();
  await type("12");
  window.dispatchEvent(new Event("pointerdown"));
  expect(till.asked("stirPractice")).toEqual([]);
  till.page.unmount();
  await opened(PRACTICE);
  window.dispatchEvent(new Event("pointerdown"));
  expect(till.asked("stirPractice")).toHaveLength(1);
  await scanner("123456");
  expect(till.asked("stirPractice")).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1_000);
  await type("1");
  expect(till.asked("stirPractice")).toHaveLength(2);
});

test("both languages say what to do", async () => {
  till = await open({ ...PRACTICE, practiceEndsAtMs: NOW + 30_000 }, "en");
  expect(said()).toBe("Nobody is here, practice ends within 30 s; press any key to go on");
  expect(till.page.get(".top [data-key=practice]").text()).toBe("Leave practiceF10");
});
