// A trigger scanner charges without a key press, and only an amount that can be believed.

import { flushPromises } from "@vue/test-utils";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { attemptIn, settingsWith } from "../src/demo-scenes";
import { isPaymentCode } from "../src/trigger";
import { NOW, burst, down, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

const AUTH_CODE = "281234567890123456";
const KEYS = `${AUTH_CODE}<Enter>`;

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

async function opened(kind: "box" | "trigger", counter: Partial<CounterView> = {}): Promise<void> {
  till = await open({ settings: settingsWith({ scanner: kind }), ...counter });
}

async function wait(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await flushPromises();
}

/** Amounts handed to the till, with the codes they were to be charged to. */
function charged(): [number, string][] {
  return till
    .asked("scanCode")
    .map((request) => request as { amountFen: number; authCode: string })
    .map(({ amountFen, authCode }) => [amountFen, authCode]);
}

function said(): string {
  return till.page.get(".notice").text();
}

test("an amount that has stood is charged by the scan alone, and the plate says so", async () => {
  await opened("trigger");
  await type("12.5");
  expect(till.page.get(".sub").text()).toBe("扫到就收，不用按键");
  await wait(300);
  await scanner(KEYS);
  expect(charged()).toEqual([[1250, AUTH_CODE]]);
});

test("a box scanner needs Enter, and says so", async () => {
  await opened("box");
  await type("12.5");
  expect(till.page.get(".sub").text()).toBe("按 Enter 后再扫；没有扫码枪时按 * 出示码");
  await wait(1_000);
  await scanner(KEYS);
  expect(charged()).toEqual([]);
});

test("a scan soon after the last digit charges nothing, and the next one charges", async () => {
  await opened("trigger");
  await type("12.5");
  for (const [i, key] of [...AUTH_CODE, "Enter"].entries()) {
    if (i === 0) await vi.advanceTimersByTimeAsync(380);
    down(key);
    await vi.advanceTimersByTimeAsync(5);
  }
  await flushPromises();
  expect(charged()).toEqual([]);
  expect(said()).toBe("这一扫没有收款，看清金额，再扫一次");
  await wait(400);
  await scanner(KEYS);
  expect(charged()).toEqual([[1250, AUTH_CODE]]);
});

test("a scan that follows the last digit at once leaves the amount, and the next one charges", async () => {
  for (const [everyMs, gapMs] of [[90, 30], [90, 150], [150, 230], [120, 400]] as const) {
    await opened("trigger");
    await type("500", everyMs);
    await vi.advanceTimersByTimeAsync(gapMs);
    for (const key of [...AUTH_CODE, "Enter"]) {
      down(key);
      await vi.advanceTimersByTimeAsync(5);
    }
    await wait(0);
    const where = `${everyMs} ms, then ${gapMs} ms`;
    expect(charged(), where).toEqual([]);
    expect(till.amount(), where).toBe("¥500.00");
    expect(said(), where).toBe("这一扫没有收款，看清金额，再扫一次");
    await wait(800);
    await scanner(KEYS);
    expect(charged(), where).toEqual([[50_000, AUTH_CODE]]);
    till.page.unmount();
    vi.useRealTimers();
  }
  await opened("trigger");
});

test("a code behind an amount that ends like cash's number takes nothing out of the amount", async () => {
  await opened("trigger");
  await type("4791");
  await burst(KEYS, { everyMs: 5 });
  expect(charged()).toEqual([]);
  expect(said()).toBe("金额可能混进了码，看清金额，按 Enter 后再扫");
  expect(till.amount()).toBe("¥4,791.00");
  await wait(1_000);
  await type("<Enter>");
  await scanner(KEYS);
  expect(charged()).toEqual([[479_100, AUTH_CODE]]);
});

test("a bill in cash that stumbles changes no amount and charges none", async () => {
  for (const bill of ["91000010010000000129", "91281230010000000129"]) {
    for (const ms of [300, 590, 700]) {
      for (const before of [1, 2, 3, 5]) {
        await opened("trigger");
        await type("12");
        await wait(700);
        await burst(`${bill}<Enter>`, { everyMs: 8, slow: { before, ms } });
        await wait(1_000);
        await scanner(KEYS);
        // What is no payment code is refused as what it is.
        const taken = charged().filter(([, code]) => isPaymentCode(code));
        const wrong = taken.filter(([amountFen, code]) => amountFen !== 1200 || code !== AUTH_CODE);
        expect(wrong, `${bill}: ${ms} ms before ${before}`).toEqual([]);
        till.page.unmount();
        vi.useRealTimers();
      }
    }
  }
  await opened("trigger");
});

test("a scanner that stumbles after its first digits changes no amount and charges none", async () => {
  for (const ms of [300, 450, 590, 700, 1_500]) {
    for (const before of [1, 2, 3, 5]) {
      await opened("trigger");
      await type("12");
      await wait(700);
      await burst(KEYS, { everyMs: 8, slow: { before, ms } });
      await wait(700);
      const where = `${ms} ms before key ${before + 1}`;
      expect(charged().filter(([fen]) => fen !== 1200), where).toEqual([]);
      expect(till.amount(), where).toBe("¥12.00");
      till.page.unmount();
    }
  }
}, 30_000);

test("after a stumble no scan charges before the cashier has confirmed the amount", async () => {
  await opened("trigger");
  await type("12");
  await wait(700);
  await burst(KEYS, { everyMs: 8, slow: { before: 2, ms: 700 } });
  expect(said()).toBe("金额可能混进了码，看清金额，按 Enter 后再扫");
  await wait(700);
  await scanner(KEYS);
  expect(charged()).toEqual([]);
  expect(till.page.get(".sub").text()).toBe("看清金额，按 Enter 后再扫");
  await type("<Enter>");
  await scanner(KEYS);
  expect(charged()).toEqual([[1200, AUTH_CODE]]);
});

test("a scan runs into digits that fingers typed just before: nothing is charged unseen", async () => {
  await opened("trigger");
  await type("128", 120);
  await burst(KEYS, { everyMs: 5 });
  await wait(700);
  expect(charged().filter(([fen]) => fen !== 12_800)).toEqual([]);
});

test("a scan over an amount of nothing charges nothing", async () => {
  await opened("trigger");
  await scanner(KEYS);
  expect(charged()).toEqual([]);
  expect(said()).toBe("先输金额");
});

describe.each(["box", "trigger"] as const)("with a %s scanner", (kind) => {
  async function ready(keys = "12.5"): Promise<void> {
    await opened(kind);
    await type(kind === "box" ? `${keys}<Enter>` : keys);
    await wait(700);
  }

  test("the same code twice quickly is one charge", async () => {
    await ready();
    for (const key of [...AUTH_CODE, "Enter", ...AUTH_CODE, "Enter"]) {
      down(key);
      await vi.advanceTimersByTimeAsync(5);
    }
    await wait(700);
    expect(charged()).toEqual([[1250, AUTH_CODE]]);
    expect(till.amount()).toBe("¥12.50");
  });

  test("a code still lying there within 3 s of paid is ignored, and later it is not", async () => {
    await ready();
    await scanner(KEYS);
    till.host.put({ ...till.host.view(), front: attemptIn("paid", NOW) });
    await wait(100);
    await type(kind === "box" ? "8<Enter>" : "8");
    await wait(700);
    await scanner(KEYS);
    expect(charged()).toHaveLength(1);
    expect(said()).toBe("还是刚付过的码，请顾客换新码再扫");
    expect(till.amount()).toBe("¥8.00");
    await wait(3_000);
    await scanner(KEYS);
    expect(charged().map(([fen]) => fen)).toEqual([1250, 800]);
  });

  test("two codes interleaved are refused as no code and leave the amount", async () => {
    const other = "134567890123456789";
    await ready();
    const keys = [...AUTH_CODE].flatMap((digit, i) => [digit, other.charAt(i)]);
    await scanner(`${keys.join("")}<Enter><Enter>`);
    expect(said()).toMatch(/^这不是付款码：|^金额可能混进了码/);
    expect(till.amount()).toBe("¥12.50");
    expect(till.state()).toBe("due");
  });

  test("what is left of another code after the first one's Enter types nothing", async () => {
    await ready();
    await scanner(`${AUTH_CODE}<Enter>123<Enter>`);
    expect(charged()).toEqual([[1250, AUTH_CODE]]);
  });

  test("line ends of every kind end a scan once and press nothing", async () => {
    for (const end of [["Enter"], ["Enter", "Enter"], ["Tab"], ["Tab", "Enter"], ["LF"], []]) {
      await ready();
      for (const digit of AUTH_CODE) {
        down(digit);
        await vi.advanceTimersByTimeAsync(5);
      }
      for (const key of end) {
        if (key === "LF") down("j", { code: "KeyJ", ctrlKey: true });
        else expect(down(key).defaultPrevented).toBe(true);
        await vi.advanceTimersByTimeAsync(5);
      }
      await wait(700);
      expect(charged(), end.join("+")).toEqual([[1250, AUTH_CODE]]);
      expect(till.page.find("[data-phase=armed]").exists()).toBe(false);
      till.page.unmount();
    }
    await ready();
  });

  test("a scan under an input method or CapsLock reads the same", async () => {
    for (const init of [
      { key: "Process", isComposing: true },
      { key: "Unidentified" },
    ] as const) {
      await ready();
      for (const digit of AUTH_CODE) {
        down(digit, { key: init.key, code: `Digit${digit}`, isComposing: "isComposing" in init });
        await vi.advanceTimersByTimeAsync(5);
      }
      down("Enter");
      await wait(700);
      expect(charged()).toEqual([[1250, AUTH_CODE]]);
      till.page.unmount();
    }
    await ready();
    down("CapsLock");
    await scanner(KEYS);
    expect(charged()).toEqual([[1250, AUTH_CODE]]);
  });

  test("a receive code under an input method types no digit of its address", async () => {
    await opened(kind);
    await type("12");
    await wait(700);
    for (const c of "fkx0288") {
      const code = /\d/.test(c) ? `Digit${c}` : `Key${c.toUpperCase()}`;
      down("Process", { code });
      await vi.advanceTimersByTimeAsync(5);
    }
    down("Enter");
    await wait(700);
    expect(till.amount()).toBe("¥12.00");
    expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("typing");
  });

  test("four kilobytes at once are one scan and no amount", async () => {
    await ready();
    await scanner(`${"7".repeat(4_096)}<Enter>`);
    await wait(700);
    expect(charged().length).toBeLessThanOrEqual(1);
    expect(till.amount()).toBe("¥12.50");
    expect(said()).not.toBe("");
  }, 30_000);

  test("ten Enters in 100 ms arm once and charge nothing", async () => {
    await opened(kind);
    await type("12.5");
    for (let i = 0; i < 10; i += 1) {
      down("Enter");
      await vi.advanceTimersByTimeAsync(10);
    }
    await flushPromises();
    expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("armed");
    expect(till.asked("scanCode")).toEqual([]);
    await scanner(KEYS);
    expect(charged()).toEqual([[1250, AUTH_CODE]]);
  });

  test.each([
    ["6901234567892", "扫到的是商品条码：请扫顾客手机上的付款码"],
    ["https://qr.alipay.com/fkx1", "这是收款码，不是付款码：请顾客点“付款”，出示付款码"],
    ["28123456789", "没有扫全：请再扫一次"],
    ["98765432101", "这不是付款码：请顾客打开支付宝或微信的付款码再扫"],
  ])("a wrong scan is said: %s", async (code, sentence) => {
    await ready();
    await scanner(`${code}<Enter>`);
    await wait(700);
    expect(said()).toBe(sentence);
    expect(till.amount()).toBe("¥12.50");
  });
});

test("a scan from the list of orders charges nothing before the amount was seen", async () => {
  await opened("trigger");
  await type("12.5");
  await type("<F3>");
  await vi.advanceTimersByTimeAsync(700);
  await burst(KEYS, { everyMs: 5 });
  expect(till.asked("scanCode")).toEqual([]);
  expect(till.page.get(".notice").text()).toContain("看清金额，再扫一次");
  expect(till.amount()).toBe("¥12.50");
  await vi.advanceTimersByTimeAsync(2_000);
  await burst(KEYS, { everyMs: 5 });
  expect(till.asked("scanCode")).toHaveLength(1);
});

test("a dot that was left alone is no part of the next amount", async () => {
  await opened("trigger");
  await type(".");
  await vi.advanceTimersByTimeAsync(3_000);
  await type("68");
  expect(till.amount()).toBe("¥68.00");
});

test("the Enter of a product's code that stumbled arms nothing", async () => {
  for (const kind of ["box", "trigger"] as const) {
    for (const ms of [85, 200, 300]) {
      await opened(kind);
      await burst("69012341<Enter>", { everyMs: 5, slow: { before: 5, ms } });
      expect(till.page.get("[data-phase]").attributes("data-phase"), `${kind} ${ms}`).toBe("typing");
      expect(till.amount(), `${kind} ${ms}`).toBe("¥0.00");
      await type("<Enter>");
      await burst(KEYS, { everyMs: 5 });
      expect(charged(), `${kind} ${ms}`).toEqual([]);
      till.page.unmount();
    }
  }
  await opened("box");
});

test("an amount typed while the sale before is coming to its end is taken whole or not at all", async () => {
  await opened("trigger");
  let answer = (): void => undefined;
  till.host.scanCode = () => new Promise((resolve) => (answer = resolve));
  await type("39.72");
  await wait(700);
  await scanner(KEYS);
  // The view of the payment overtakes the answer to the request.
  till.host.put({ ...till.host.view(), front: attemptIn("paid", NOW) });
  await flushPromises();
  await type("25");
  expect(said()).toContain("请稍等");
  answer();
  await flushPromises();
  await type(".14");
  expect(said()).toBe("输早了，没有收进来，请重新输入金额");
  expect(till.state()).toBe("paid");
  await wait(700);
  await type("25.14");
  expect(till.amount()).toBe("¥25.14");
});

test("what is typed while a sale is waited for leaves no half amount behind it", async () => {
  await opened("box", { front: attemptIn("typing", NOW) });
  await type("2");
  till.host.put({ ...till.host.view(), front: attemptIn("paid", NOW) });
  await flushPromises();
  await type("5.14");
  expect(till.state()).toBe("paid");
  await wait(700);
  await type("25.14");
  expect(till.amount()).toBe("¥25.14");
});
