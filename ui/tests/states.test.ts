// What the cashier reads in each state, word for word, and what the two answers say.

import { flushPromises } from "@vue/test-utils";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { AttemptState } from "../src/bindings/AttemptState";
import type { AttemptView } from "../src/bindings/AttemptView";
import { STATES, attemptIn, sceneOf } from "../src/demo-scenes";
import type { Language } from "../src/text";
import { NOW, open, type } from "./mounted";
import type { Page } from "./mounted";

let shown: Page | undefined;
afterEach(() => {
  shown?.page.unmount();
  vi.useRealTimers();
});

async function check(
  spoken: Language,
  state: AttemptState,
  is: string,
  todo: string,
  with_: Partial<AttemptView> = {},
): Promise<void> {
  const front = attemptIn(state, NOW, { channel: "wechat", askedAtMs: NOW, ...with_ });
  shown = await open({ front }, spoken);
  expect(shown.is()).toBe(is);
  expect(shown.todo()).toBe(todo);
  expect(shown.amount()).toBe("¥12.50");
}

const CODE = { channel: "wechat" } as const;

describe("each state reads as the table says, in Chinese", () => {
  test.each<[AttemptState, string, string]>([
    ["submitting", "正在收款 ¥12.50", "请稍等，不要再扫"],
    ["typing", "等顾客确认，还剩 38 秒", "请顾客在手机上输密码"],
    ["code", "请顾客用微信扫码付 ¥12.50", "还没收到，先别交货"],
    ["parked", "网络不通，码还没生成", "请稍等，或改收现金"],
    ["paid", "已收款 ¥12.50 · 微信 10:03:21", "可以交货"],
    ["declined", "未扣款：余额不足", "换一种方式或换码，可再收一次"],
    ["unknown", "结果未知，10:03:21 查过，正在再查", "先别交货，也别再扫；急可改收现金"],
    ["reversing", "正在撤销，约 10 秒", "先别重收；已扣的钱会退回"],
    ["refunding", "正在撤销，约 10 秒", "先别重收；已扣的钱会退回"],
    ["settling", "未扣款，正在收尾", "请稍等几秒再收"],
    ["unreached", "没连上微信，没有扣款", "网络通了再收；急可收现金"],
    ["closed", "已撤销，没有扣款", "可以重新收款"],
    ["returned", "已撤销，扣的 ¥12.50 已原路退", "请顾客看退款通知；本单未收，可重收"],
    ["held", "金额不符：应收 ¥12.50，平台 ¥1.25", "别交货、别再收，请店长处理"],
  ])("%s", (state, is, todo) => check("zh", state, is, todo, CODE));
});

describe("each state reads as the table says, in English", () => {
  test.each<[AttemptState, string, string]>([
    ["submitting", "Charging ¥12.50", "Wait, do not scan again"],
    ["typing", "Waiting for the customer, 38 s left", "Ask them to enter the password"],
    ["code", "Customer scans with WeChat, ¥12.50", "Not received; keep the goods"],
    ["parked", "No network, the code is not made yet", "One moment, or switch to cash"],
    ["paid", "Paid ¥12.50, WeChat 10:03:21", "Hand over the goods"],
    [
      "declined",
      "Not charged: insufficient balance",
      "Other means or new code; safe to charge again",
    ],
    [
      "unknown",
      "Not known, last asked 10:03:21",
      "Keep the goods, do not rescan; or switch to cash",
    ],
    ["reversing", "Reversing, about 10 s", "Do not charge again yet; money taken will go back"],
    ["refunding", "Reversing, about 10 s", "Do not charge again yet; money taken will go back"],
    ["settling", "Not charged, one moment", "Charge again in a few seconds"],
    [
      "unreached",
      "WeChat not reached, nothing was charged",
      "Charge again when the network is back, or take cash",
    ],
    ["closed", "Reversed, nothing was charged", "Safe to charge again"],
    [
      "returned",
      "Reversed, ¥12.50 returned",
      "Show the refund notice; sale unpaid, safe to charge again",
    ],
    [
      "held",
      "Amount differs: due ¥12.50, channel ¥1.25",
      "Keep the goods, do not charge; call the manager",
    ],
  ])("%s", (state, is, todo) => check("en", state, is, todo, CODE));
});

test("what is due reads as the table says", async () => {
  const { type } = await import("./mounted");
  shown = await open();
  await type("12.5");
  expect([shown.is(), shown.todo()]).toEqual(["应收 ¥12.50", "请扫顾客付款码"]);
  shown.page.unmount();
  shown = await open({}, "en");
  await type("12.5");
  expect([shown.is(), shown.todo()]).toEqual(["Due ¥12.50", "Scan the customer’s code"]);
});

const KNOWN = { scans: "taken", sentence: null, knownAtMs: NOW - 1_000 } as const;

test("a silent channel reads as the table says", async () => {
  const channels = [
    { channel: "alipay", state: "ready", sinceMs: null, latencyMs: 400, ...KNOWN },
    { channel: "wechat", state: "silent", sinceMs: NOW - 60_000, latencyMs: null, ...KNOWN },
  ] as const;
  shown = await open({ channels: [...channels] });
  expect(shown.page.get(".say").text()).toBe("微信 10:02 起没有应答");
  expect(shown.page.get(".sub").text()).toBe("新单请用支付宝或现金；未完的单会继续查");
  shown.page.unmount();
  shown = await open({ channels: [...channels] }, "en");
  expect(shown.page.get(".say").text()).toBe("WeChat silent since 10:02");
  expect(shown.page.get(".sub").text()).toBe(
    "New sales: Alipay or cash; open sales are still being checked",
  );
});

test("an amount waits for no scan that no wallet would take, and for one that another does", async () => {
  const silent = { state: "silent", sinceMs: NOW - 60_000, latencyMs: null, ...KNOWN } as const;
  const ready = { state: "ready", sinceMs: null, latencyMs: 400, ...KNOWN } as const;
  const wechat = { channel: "wechat", ...silent } as const;
  shown = await open({ channels: [{ channel: "alipay", ...silent }, wechat] });
  await type("5<Enter>");
  expect(shown.page.find("[data-phase=armed]").exists()).toBe(true);
  const key = (): string[] => {
    const enter = shown?.page.get("[data-key=enter]");
    return [enter?.text() ?? "", enter?.attributes("aria-disabled") ?? ""];
  };
  expect(key()).toEqual(["收款没有应答Enter", "true"]);
  expect(shown.page.get(".say").text()).toBe("支付宝、微信 10:02 起没有应答");
  expect(shown.page.get(".sub").text()).toBe("新单请用现金；未完的单会继续查");
  expect(shown.page.get("[data-say=todo]").text()).toContain("支付宝、微信 10:02 起没有应答");
  shown.host.put({ ...shown.host.view(), channels: [{ channel: "alipay", ...ready }, wechat] });
  await flushPromises();
  expect(shown.page.get(".sub").text()).toBe("可以扫了");
  expect(key()).toEqual(["等扫码Enter", "true"]);
  await type("<Escape>");
  expect(key()).toEqual(["收款Enter", "false"]);
  shown.host.put({ ...shown.host.view(), channels: [{ channel: "alipay", ...silent }] });
  await flushPromises();
  expect(key()).toEqual(["收款没有应答Enter", "true"]);
});

test("only paid lights the goods, only declined, closed and returned light charge again", async () => {
  for (const state of STATES) {
    shown = await open({ front: attemptIn(state, NOW) });
    const lit = (which: string): string | undefined =>
      shown?.page.get(`[data-answer=${which}]`).attributes("data-lit");
    expect(lit("goods"), `${state}: goods`).toBe(String(state === "paid"));
    expect(lit("charge"), `${state}: charge`).toBe(
      String(["declined", "unreached", "closed", "returned"].includes(state)),
    );
    shown.page.unmount();
  }
});

test("green is for paid and red is for held, and nothing that runs is filled", async () => {
  for (const state of STATES) {
    shown = await open({ front: attemptIn(state, NOW) });
    const tone = shown.page.get("[data-tone]").attributes("data-tone");
    expect(tone === "paid", state).toBe(state === "paid");
    expect(tone === "stop", state).toBe(state === "held");
    const runs = attemptIn(state, NOW).endedAtMs === null;
    expect(tone === "wait" || tone === "doubt", state).toBe(runs);
    shown.page.unmount();
  }
});

test("nobody ever reads 支付失败 or a bare failed", async () => {
  for (const spoken of ["zh", "en"] as const) {
    for (const state of STATES) {
      shown = await open({ front: attemptIn(state, NOW) }, spoken);
      expect(shown.page.text()).not.toMatch(/支付失败|\bfailed\b/i);
      shown.page.unmount();
    }
  }
});

test("the channel's own words are text, never markup", async () => {
  shown = await open({
    front: attemptIn("declined", NOW, {
      reason: "ACQ.SOMETHING",
      reasonText: "<img src=x onerror=alert(1)>",
    }),
  });
  expect(shown.page.find("img").exists()).toBe(false);
  expect(shown.page.get(".say").text()).toBe("<img src=x onerror=alert(1)>");
});

test("a shown code that has run out is no longer drawn on the plate", async () => {
  shown = await open({ front: attemptIn("code", NOW, { deadlineMs: NOW + 1_000 }) });
  expect(shown.page.find(".qr").exists()).toBe(true);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(shown.page.find(".qr").exists()).toBe(false);
});

test("the countdown follows the till's clock, not this machine's", async () => {
  shown = await open({ front: attemptIn("typing", NOW - 86_400_000), nowMs: NOW - 86_400_000 });
  expect(shown.is()).toBe("等顾客确认，还剩 38 秒");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(shown.page.get(".count b").text()).toBe("28");
});

test("no two ends without money share a word or a silhouette", async () => {
  for (const spoken of ["zh", "en"] as const) {
    const heads: string[] = [];
    const marks: string[] = [];
    for (const state of ["declined", "unreached", "closed", "returned"] as const) {
      shown = await open({ front: attemptIn(state, NOW) }, spoken);
      heads.push(shown.page.get(".head h1").text());
      marks.push(shown.page.get(".head svg.mark").html());
      shown.page.unmount();
      vi.useRealTimers();
    }
    expect(new Set(heads).size, spoken).toBe(4);
    expect(new Set(marks).size, spoken).toBe(4);
  }
  shown = undefined;
});

test("closed is told from declined by its tone, on the plate and among the last results", async () => {
  const toneOf = async (state: AttemptState): Promise<(string | undefined)[]> => {
    const { recent } = sceneOf(state, NOW).counter;
    shown = await open({ front: attemptIn(state, NOW), recent });
    const tones = [
      shown.page.get(".plate").attributes("data-tone"),
      shown.page.get(".strip .last").classes().find((name) => name.endsWith("-ink")),
    ];
    shown.page.unmount();
    shown = undefined;
    vi.useRealTimers();
    return tones;
  };
  expect(await toneOf("declined")).toEqual(["ready", "ready-ink"]);
  expect(await toneOf("closed")).toEqual(["closed", "closed-ink"]);
});
