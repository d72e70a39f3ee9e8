// What a manager allows: refunds, goods without a result, and the PIN that stands for the manager.

import { flushPromises } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { DEMO_PIN } from "../src/demo";
import { openRefund } from "../src/demo-open";
import { attemptIn, sceneOf } from "../src/demo-scenes";
import { NOW, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const EARLIER = {
  outTradeNo: "9001000100010000000000004416",
  amountFen: 1250,
  atMs: NOW - 95_000,
  channel: "alipay",
} as const;

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

function step(): string | undefined {
  return till.page.get("[data-step]").attributes("data-step");
}

function dots(): string | undefined {
  return till.page.get("p.dots").attributes("data-typed");
}

test("货已交给顾客 asks for the PIN in the plate, in dots, with no text field", async () => {
  const front = attemptIn("unknown", NOW);
  await opened({ front });
  await type("<F4>");
  expect(till.state()).toBe("pin");
  expect(till.page.get("h1").text()).toBe("货已交给顾客");
  expect(till.page.get(".ribbon").text()).toContain("结果未知");
  await type("2048");
  expect(dots()).toBe("4");
  expect(till.page.findAll("p.dots .full")).toHaveLength(4);
  expect(till.page.find("input").exists()).toBe(false);
  expect(till.page.text()).not.toContain("2048");
  await type("16<Enter>");
  expect(till.asked("goodsGiven")).toEqual([{ outTradeNo: front.outTradeNo, pin: DEMO_PIN }]);
  expect(till.state()).toBe("unknown");
  expect(till.page.get("[data-answer=goods]").text()).toBe("货已交给顾客");
  expect(said()).toBe("已记下货已交给顾客，会查到有结果为止");
});

test("digits of a PIN never reach the amount, whatever becomes of it", async () => {
  await opened({ front: attemptIn("paid", NOW), justPaid: EARLIER });
  await type("<F2><Enter>123456<Enter>");
  expect(said()).toBe("密码不对：请店长再输");
  expect(dots()).toBe("0");
  await type("12");
  await type("<Escape>");
  await vi.advanceTimersByTimeAsync(400);
  expect(till.state()).toBe("paid");
  expect(till.asked("typeAmount")).toEqual([]);
  expect(till.asked("clearFront")).toEqual([]);
});

test("a scan over a PIN is neither PIN nor amount", async () => {
  await opened({ front: attemptIn("paid", NOW), justPaid: EARLIER });
  await type("<F2><Enter>12");
  await scanner("281234567890123456<Enter>");
  await vi.advanceTimersByTimeAsync(700);
  expect(dots()).toBe("2");
  expect(said()).toBe("先输店长密码，或按 Esc 退出");
  expect(till.asked("refundAttempt")).toEqual([]);
});

test("a PIN that is too short is not handed in", async () => {
  await opened({ front: attemptIn("unknown", NOW) });
  await type("<F4>1234<Enter>");
  expect(till.asked("goodsGiven")).toEqual([]);
  expect(said()).toBe("密码是六位数字，接着输");
});

test("a locked PIN says until when", async () => {
  await opened({
    front: attemptIn("unknown", NOW),
    manager: "locked",
    managerLockedUntilMs: NOW + 600_000,
  });
  till.host.refuse("goodsGiven", { code: "pin_locked", detail: "" });
  await type(`<F4>${DEMO_PIN}<Enter>`);
  expect(said()).toBe("密码错太多次，暂时锁住：等一会再试");
  expect(till.page.text()).toContain("10:13 以后再试");
});

test("同一顾客刚付过 stands on the paid plate with the refund one key away", async () => {
  await opened({ front: attemptIn("paid", NOW), justPaid: EARLIER });
  const line = till.page.get("[data-line=just_paid]");
  expect(line.text()).toContain("同一顾客刚付过 ¥12.50");
  expect(line.get("kbd").text()).toBe("F2");
  await line.get("[data-key=refund]").trigger("click");
  await flushPromises();
  expect(till.state()).toBe("refund");
  expect(till.amount()).toBe("¥12.50");
  await type(`<Enter>${DEMO_PIN}<Enter>`);
  expect(till.asked("refundAttempt")).toEqual([
    {
      outTradeNo: EARLIER.outTradeNo,
      amountFen: 1250,
      intentId: expect.any(String),
      pin: DEMO_PIN,
    },
  ]);
  expect(said()).toBe("退款已发出，请顾客看退款通知");
});

test("a wrong PIN keeps the refund's intent, so asking again gives back once", async () => {
  await opened({ front: attemptIn("paid", NOW), justPaid: EARLIER });
  await type(`<F2><Enter>111222<Enter>${DEMO_PIN}<Enter>`);
  const ids = till
    .asked("refundAttempt")
    .map((request) => (request as { intentId: string }).intentId);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});

test("part of a payment goes back, never more than may", async () => {
  await opened({ front: attemptIn("paid", NOW) });
  await type("<F2>20");
  expect(said()).toBe("超出可退金额，改小再退");
  await type("<Backspace>3.5");
  expect(till.amount()).toBe("¥3.50");
  await type(`<Enter>${DEMO_PIN}<Enter>`);
  expect(till.asked("refundAttempt")).toMatchObject([{ amountFen: 350 }]);
  expect(till.page.get("[data-line=refund]").text()).toBe("退款 ¥3.50 等平台确认，请稍等");
});

test.each([
  ["waiting", "退款 ¥3.50 等平台确认，请稍等"],
  ["confirmed", "已退 ¥3.50，请顾客看退款通知"],
  ["refused", "退款 ¥3.50 被平台拒绝，请店长另退"],
  ["wedged", "余额不足，退款 ¥3.50 未发出，请店长充值后再退"],
] as const)("a refund that is %s reads with what to do", async (state, sentence) => {
  const refunds = [{ refundId: 1, amountFen: 350, state, atMs: NOW }];
  await opened({ front: attemptIn("paid", NOW, { refunds }) });
  expect(till.page.get("[data-line=refund]").text()).toBe(sentence);
});

test("a refund to a silent channel is kept, and its order says that it waits", async () => {
  for (const [spoken, kept, waits] of [
    ["zh", "退款已记下，平台没有应答，网络通了自动发出，不用重做", "退款 ¥4.00 没办完"],
    [
      "en",
      "The refund is kept, the channel does not answer; it goes out when the network is back; do nothing twice",
      "Refund waits ¥4.00",
    ],
  ] as const) {
    const silent = { state: "silent", scans: "taken", sinceMs: NOW - 60_000, latencyMs: null } as const;
    const channels = [{ channel: "alipay", ...silent, sentence: null, knownAtMs: NOW }] as const;
    till = await open({ channels: [...channels] }, spoken);
    till.host.putOpen({ items: [{ ...openRefund("sending", NOW, 1), orderNo: "128" }], rest: 0 });
    await type(`<F3><F2><Enter>${DEMO_PIN}<Enter>`);
    expect(said()).toBe(kept);
    expect(till.page.findAll(".going-back").map((each) => each.text())).toEqual([waits]);
    expect(till.page.get(".order[aria-current] .going-back").text()).toBe(waits);
    till.host.putOpen({ items: [], rest: 0 });
    till.host.put({ ...till.host.view() });
    await flushPromises();
    expect(till.page.find(".going-back").exists()).toBe(false);
    till.page.unmount();
  }
  const refunds = [{ refundId: 1, amountFen: 350, state: "sending" as const, atMs: NOW }];
  const channels = sceneOf("silent", NOW).counter.channels;
  await opened({ front: attemptIn("paid", NOW, { refunds, channel: "wechat" }), channels });
  const line = till.page.get("[data-line=refund]");
  expect(line.text()).toBe("退款 ¥3.50 已记下，网络通了自动发出，不用重做");
  till.page.unmount();
  await opened({ front: attemptIn("paid", NOW, { refunds }), channels });
  expect(till.page.get("[data-line=refund]").text()).toBe("退款 ¥3.50 正在发出，请稍等");
});

test("an order of the day is refunded from its history, a wallet and cash alike", async () => {
  await opened();
  await type("<F3><F2>");
  expect(till.state()).toBe("refund");
  expect(till.amount()).toBe("¥28.00");
  await type(`<Enter>${DEMO_PIN}<Enter>`);
  expect(till.asked("refundAttempt")).toMatchObject([{ amountFen: 2800 }]);
  expect(till.page.text()).toContain("今日订单");
  expect(said()).toBe("退款已发出，请顾客看退款通知");
  await type("<ArrowDown><ArrowDown><ArrowDown><ArrowDown><F2>");
  expect(till.amount()).toBe("¥5.00");
  await type("2<Enter>");
  expect(till.page.text()).toContain("从钱箱退现金给顾客");
  await type(`${DEMO_PIN}<Enter>`);
  expect(till.asked("refundCash")).toMatchObject([{ orderNo: "124", amountFen: 200 }]);
  expect(said()).toBe("已记下退现金，从钱箱把钱退给顾客");
  expect(till.page.get("[aria-current=true], [aria-selected=true]").text()).toContain("124");
});

test("an order that was not paid has nothing to refund", async () => {
  await opened();
  await type("<F3><ArrowDown><ArrowDown>");
  expect(till.page.get("[data-key=refund]").text()).toContain("没有可退的");
  await type("<F2>");
  expect(till.page.find("[data-state=refund]").exists()).toBe(false);
  expect(said()).toBe("这一笔没有可退的，看订单经过");
});

test("real money asks for a first PIN, typed twice, before the first sale", async () => {
  await opened({ manager: "unset" });
  expect(till.page.get("h1").text()).toBe("首次设置店长密码，请店长设");
  await type("<Escape>");
  expect(said()).toBe("真钱收款前要有店长密码，请店长输六位数字");
  await type("204816<Enter>");
  expect(till.page.get(".say").text()).toBe("再输一遍");
  await type("204817<Enter>");
  expect(said()).toBe("两次输的不一样，从头再设");
  await type("111111<Enter>111111<Enter>");
  expect(said()).toBe("要六位数字，不能太简单：换一个再设");
  await type("204816<Enter>204816<Enter>");
  expect(till.asked("setPin").at(-1)).toEqual({ pin: "204816", before: null });
  expect(till.state()).toBe("zero");
  expect(said()).toBe("店长密码已设好，请牢记");
});

test("practice asks for no PIN until one is needed, then it may be left", async () => {
  await opened({ manager: "unset", practice: true });
  expect(till.state()).toBe("zero");
  till.page.unmount();
  await opened({ manager: "unset", practice: true, front: attemptIn("unknown", NOW) });
  await type("<F4>");
  expect(step()).toBe("new_pin");
  await type("<Escape>");
  expect(till.state()).toBe("unknown");
  await type("<F4>335577<Enter>335577<Enter>");
  expect(step()).toBe("pin");
  await type("335577<Enter>");
  expect(till.asked("goodsGiven")).toMatchObject([{ pin: "335577" }]);
});

test.each([
  [
    "zh",
    "首次设置店长密码，请店长设",
    "收银员别代设",
    "设好后店长再输一遍，才批准：货已交给顾客 ¥12.50",
    "货已交给顾客",
  ],
  [
    "en",
    "The manager chooses a new PIN",
    "The manager, not the cashier, chooses",
    "Then the manager enters it once more to approve: Goods are gone ¥12.50",
    "Goods are gone",
  ],
] as const)(
  "in %s a first PIN is chosen under its own title, by the manager, and approves nothing yet",
  async (spoken, title, who, then, asked) => {
    till = await open({ manager: "unset", practice: true, front: attemptIn("unknown", NOW) }, spoken);
    await type("<F4>");
    expect(till.page.get("h1").text()).toBe(title);
    expect(till.page.text()).toContain(who);
    expect(till.page.get("[data-line=then]").text()).toBe(then);
    expect(till.page.find(".plate .amount").exists(), "no amount is approved here").toBe(false);
    await type("335577<Enter>");
    expect(till.page.get("h1").text(), "and so it does once more").toBe(title);
    await type("335577<Enter>");
    expect(till.asked("setPin")).toEqual([{ pin: "335577", before: null }]);
    expect(till.asked("goodsGiven"), "choosing it is no approval").toEqual([]);
    expect(till.page.get("h1").text()).toBe(asked);
    expect(step()).toBe("pin");
    await type("<Escape>");
    expect(till.asked("goodsGiven")).toEqual([]);
  },
);

test("the manager changes the PIN from the day's orders, the old one first, the new one twice", async () => {
  await opened();
  await type("<F3>");
  expect(till.page.get("[data-key=star]").text()).toBe("换店长密码*");
  await type("*");
  expect(till.page.get("h1").text()).toBe("换店长密码");
  expect(step()).toBe("old_pin");
  await type(`${DEMO_PIN}<Enter>`);
  expect(till.page.get(".say").text()).toBe("新的店长密码，六位");
  await type(`${DEMO_PIN}<Enter>`);
  expect(said()).toBe("和原来的密码一样，换一个再设");
  await type("335577<Enter>335578<Enter>");
  expect(said()).toBe("两次输的不一样，从头再设");
  await type("111111<Enter>111111<Enter>");
  expect(said()).toBe("要六位数字，不能太简单：换一个再设");
  await type("335577<Enter>335577<Enter>");
  expect(till.asked("setPin").at(-1)).toEqual({ pin: "335577", before: DEMO_PIN });
  expect(till.page.get("main").attributes("data-screen")).toBe("orders");
  expect(said()).toBe("店长密码已换，旧的作废，请牢记新的");
  await type("<F2><Enter>335577<Enter>");
  expect(till.asked("refundAttempt")).toMatchObject([{ pin: "335577" }]);
});

test.each(["wrong_pin", "pin_locked"] as const)(
  "an old PIN that is refused as %s changes nothing and is asked for again",
  async (code) => {
    await opened();
    till.host.refuse("setPin", { code, detail: "" });
    await type("<F3>*999111<Enter>335577<Enter>335577<Enter>");
    expect(step()).toBe("old_pin");
    expect(dots()).toBe("0");
    expect(said()).toContain("密码");
    await type(`${DEMO_PIN}<Enter>335577<Enter>335577<Enter>`);
    expect(till.asked("setPin").at(-1)).toEqual({ pin: "335577", before: DEMO_PIN });
  },
);

test("leaving a change changes nothing, and where nobody has chosen one the key chooses it", async () => {
  await opened();
  await type(`<F3>*${DEMO_PIN}<Enter>335577<Enter>33<Escape>`);
  expect(till.asked("setPin")).toEqual([]);
  expect(till.page.get("main").attributes("data-screen")).toBe("orders");
  till.page.unmount();
  await opened({ manager: "unset", practice: true });
  await type("<F3>");
  expect(till.page.get("[data-key=star]").text()).toBe("设置店长密码*");
  await type("*335577<Enter>335577<Enter>");
  expect(till.asked("setPin")).toEqual([{ pin: "335577", before: null }]);
});
