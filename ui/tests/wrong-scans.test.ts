// Scans that are no payment code of a customer: each is told by its own sentence, with what to do,
// and changes neither the amount nor anything else.

import { flushPromises } from "@vue/test-utils";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ChannelView } from "../src/bindings/ChannelView";
import type { ReportCode } from "../src/bindings/ReportCode";
import { cashNo } from "../src/demo";
import { settingsWith } from "../src/demo-scenes";
import { burst, down, open, scanner, type } from "./mounted";
import type { Page } from "./mounted";

let till: Page;
afterEach(() => {
  till.page.unmount();
  vi.useRealTimers();
});

interface Wrong {
  text: string;
  code: ReportCode;
  about?: ChannelView;
  zh: string;
  en: string;
}

const WRONG: readonly Wrong[] = [
  {
    text: "6901028075831",
    code: "product_barcode",
    zh: "扫到的是商品条码：请扫顾客手机上的付款码",
    en: "That is a product’s barcode: Scan the code on the customer’s phone",
  },
  {
    text: "036000291452",
    code: "product_barcode",
    zh: "扫到的是商品条码：请扫顾客手机上的付款码",
    en: "That is a product’s barcode: Scan the code on the customer’s phone",
  },
  {
    text: "VIP-0042",
    code: "member_card",
    zh: "这像是会员卡，不是付款码：请扫顾客手机上的付款码",
    en: "That looks like a member card: Scan the payment code on the customer’s phone",
  },
  {
    text: "https://qr.alipay.com/bax03409rxj8k5rrcufw00fc",
    code: "receive_code",
    zh: "这是收款码，不是付款码：请顾客点“付款”，出示付款码",
    en: "That code receives money: Ask the customer to tap Pay and show that code",
  },
  {
    text: "WXP://F2F0ABCDEF",
    code: "receive_code",
    zh: "这是收款码，不是付款码：请顾客点“付款”，出示付款码",
    en: "That code receives money: Ask the customer to tap Pay and show that code",
  },
  {
    text: "https://qr.95516.com/00010000/62123456789012345678901234567890",
    code: "receive_code",
    zh: "这是收款码，不是付款码：请顾客点“付款”，出示付款码",
    en: "That code receives money: Ask the customer to tap Pay and show that code",
  },
  {
    text: "https://example.com/a-b*c/d+1.2",
    code: "web_address",
    zh: "这是网址，不是付款码：请顾客点“付款”，出示付款码",
    en: "That code is a web address: Ask the customer to tap Pay and show that code",
  },
  {
    text: "28123456789012",
    code: "truncated_code",
    zh: "没有扫全：请再扫一次",
    en: "The code was cut short: Scan once more",
  },
  {
    text: "281234567890123456134567890123456789",
    code: "codes_run_together",
    zh: "几个码连在一起了：只对准一个付款码，再扫一次",
    en: "Several codes ran together: Scan a single code once more",
  },
  {
    text: "134567890123456789",
    code: "wallet_not_here",
    about: "wechat",
    zh: "本机没有开通微信：请用支付宝或现金",
    en: "WeChat is not taken at this till: Use Alipay or cash",
  },
  {
    text: "6212345678901234567",
    code: "union_pay_code",
    zh: "这是云闪付的码，收不了：请用支付宝、微信或现金",
    en: "That is a UnionPay code, not taken here: Use Alipay, WeChat or cash",
  },
  {
    text: "281234567890123456",
    code: "code_already_used",
    zh: "这个付款码刚用过：请顾客刷新付款码再扫",
    en: "This code was used a moment ago: Ask for a fresh code and scan it",
  },
  {
    text: cashNo("129"),
    code: "own_receipt",
    zh: "这是小票上的单号，不是付款码：请扫付款码；查这一单按 − 再扫",
    en: "That number is off a receipt: Scan a payment code; to look the sale up, press − and scan again",
  },
  {
    text: "7".repeat(4_096),
    code: "scan_too_long",
    zh: "扫到的内容太长，不是付款码：请扫顾客手机上的付款码",
    en: "Too long for a payment code: Scan the payment code on the customer’s phone",
  },
  {
    text: "２８１２３４５６７８９０１２３４５６",
    code: "wide_digits",
    zh: "输入法把数字变成了全角：关掉中文输入法，再扫一次",
    en: "An input method changed the digits: Switch it off and scan once more",
  },
  {
    text: "ABC付款",
    code: "not_a_payment_code",
    zh: "这不是付款码：请顾客打开支付宝或微信的付款码再扫",
    en: "Not a payment code: Ask for the code under Pay in Alipay or WeChat",
  },
];

async function refused({ code, about }: Wrong, keys: string): Promise<void> {
  const report = { code, detail: "" };
  till.host.refuse("scanCode", about === undefined ? report : { ...report, channel: about });
  await scanner(keys);
  await vi.advanceTimersByTimeAsync(1_000);
  await flushPromises();
}

function said(): string {
  return till.page.get(".notice").text();
}

/** A scan that was refused charged nothing: no sale stands on the plate, and the amount is as typed. */
function expectNothing(text: string): void {
  expect(till.amount(), text.slice(0, 40)).toBe("¥12.50");
  expect(till.host.view().front).toBeNull();
  expect(till.asked("showCode")).toEqual([]);
  expect(till.asked("cancelAttempt")).toEqual([]);
}

describe.each(["zh", "en"] as const)("in %s", (spoken) => {
  test.each(WRONG)("an armed amount stands, and the cashier reads what was scanned: $code", async (wrong) => {
    till = await open({}, spoken);
    await type("12.5<Enter>");
    await refused(wrong, `${wrong.text}<Enter>`);
    expect(said()).toBe(wrong[spoken]);
    expectNothing(wrong.text);
    expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("armed");
    expect(till.asked("scanCode")).toHaveLength(1);
  });
});

test.each(WRONG)("a trigger scanner's amount stands too: $code", async (wrong) => {
  till = await open({ settings: settingsWith({ scanner: "trigger" }) });
  await type("12.5");
  await vi.advanceTimersByTimeAsync(700);
  await refused(wrong, `${wrong.text}<Enter>`);
  expect(said()).toBe(wrong.zh);
  expectNothing(wrong.text);
});

test("a code is handed in without what ends it: carriage return, line feed, Tab", async () => {
  for (const end of ["Enter", "Tab", "KeyM", "KeyJ"]) {
    till = await open();
    await type("12.5<Enter>");
    await burst("281234567890123456", { everyMs: 5 });
    if (end.startsWith("Key")) down(end === "KeyM" ? "m" : "j", { code: end, ctrlKey: true });
    else down(end);
    await vi.advanceTimersByTimeAsync(700);
    await flushPromises();
    expect(till.asked("scanCode"), end).toMatchObject([{ authCode: "281234567890123456" }]);
    till.page.unmount();
    vi.useRealTimers();
  }
  till = await open();
});

test("a scanner on the main keys that begins with a command's sign gives no command", async () => {
  const main = { "-": "Minus", "*": "Digit8", "/": "Slash" } as const;
  for (const sign of ["-", "*", "/"] as const) {
    for (const head of ["", "1", "12"]) {
      till = await open();
      await type("12.5");
      await vi.advanceTimersByTimeAsync(700);
      for (const key of [...head, sign, ..."345678"]) {
        const code = key === sign ? main[sign] : `Digit${key}`;
        down(key, { code, shiftKey: sign === "*" && key === sign });
        await vi.advanceTimersByTimeAsync(5);
      }
      down("Enter");
      await vi.advanceTimersByTimeAsync(1_000);
      await flushPromises();
      expectNothing(`${head}${sign}345678`);
      expect(till.page.get("[data-phase]").attributes("data-phase")).toBe("typing");
      till.page.unmount();
      vi.useRealTimers();
    }
  }
  till = await open();
});

test("a finger on the main keys still gives the command, and one on the pad gives it at once", async () => {
  till = await open();
  await type("12.5");
  down("*", { code: "Digit8", shiftKey: true });
  expect(till.asked("showCode")).toEqual([]);
  await vi.advanceTimersByTimeAsync(60);
  await flushPromises();
  expect(till.asked("showCode")).toHaveLength(1);
  till.page.unmount();
  vi.useRealTimers();
  till = await open();
  await type("12.5");
  down("-", { code: "Minus" });
  await vi.advanceTimersByTimeAsync(80);
  expect(till.amount()).toBe("¥0.00");
  await type("8");
  down("-");
  await flushPromises();
  expect(till.amount()).toBe("¥0.00");
});

test("two fingers on the main keys, one soon after the other, give both commands", async () => {
  till = await open();
  await type("12.5");
  down("-", { code: "Minus" });
  await vi.advanceTimersByTimeAsync(55);
  down("7", { code: "Digit7" });
  await vi.advanceTimersByTimeAsync(400);
  expect(till.amount()).toBe("¥7.00");
});
