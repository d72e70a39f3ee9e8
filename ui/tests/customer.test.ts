// The customer's window: never a code that may not be scanned.

import { flushPromises, mount } from "@vue/test-utils";
import type { VueWrapper } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CustomerAttempt } from "../src/bindings/CustomerAttempt";
import type { CustomerView } from "../src/bindings/CustomerView";
import { demoHost } from "../src/demo";
import type { DemoHost } from "../src/demo";
import { DEMO_CODE, STATES, attemptIn, counterAt, customerOf, sceneOf } from "../src/demo-scenes";
import { install } from "../src/host";
import Customer from "../src/screens/Customer.vue";
import { NOW } from "./mounted";

let page: VueWrapper;
let host: DemoHost;
afterEach(() => {
  page.unmount();
  vi.useRealTimers();
});

async function open(changes: Partial<CustomerView> = {}): Promise<void> {
  vi.useFakeTimers({ now: NOW });
  const counter = counterAt(NOW);
  host = demoHost({ counter, customer: { ...customerOf(counter, null), ...changes } }, null);
  install(host);
  page = mount(Customer);
  await flushPromises();
}

function attempt(
  state: CustomerAttempt["state"],
  deadlineMs: number | null = NOW + 60_000,
): CustomerAttempt {
  const channel = "alipay";
  return { state, channel, amountFen: 1250, code: DEMO_CODE, deadlineMs, changingTo: null };
}

test("a code is drawn in the state code only, whatever the view still carries", async () => {
  for (const state of STATES) {
    await open({ attempt: attempt(state) });
    expect(page.find(".qr").exists(), state).toBe(state === "code");
    expect(page.text(), state).toContain("12.50");
    page.unmount();
  }
});

test("a code is not drawn once its time has passed", async () => {
  for (const deadlineMs of [NOW - 1, NOW]) {
    await open({ attempt: attempt("code", deadlineMs) });
    expect(page.find(".qr").exists()).toBe(false);
    page.unmount();
  }
  await open({ attempt: attempt("code", NOW + 2_000) });
  expect(page.find(".qr").exists()).toBe(true);
  await vi.advanceTimersByTimeAsync(2_300);
  expect(page.find(".qr").exists()).toBe(false);
});

test("a code goes in the frame in which something else is known", async () => {
  await open({ attempt: attempt("code") });
  for (const state of STATES.filter((each) => each !== "code")) {
    host.put(counterAt(NOW, { front: attemptIn("code", NOW) }));
    await flushPromises();
    expect(page.find(".qr").exists()).toBe(true);
    host.put(counterAt(NOW, { front: attemptIn(state, NOW) }));
    await flushPromises();
    expect(page.find(".qr").exists(), state).toBe(false);
  }
  host.put(counterAt(NOW, { front: attemptIn("code", NOW) }));
  await flushPromises();
  host.put(counterAt(NOW));
  await flushPromises();
  expect(page.find(".qr").exists()).toBe(false);
  expect(page.text()).toContain("欢迎光临");
});

test("the code drawn has the modules of the view, and a quiet zone of four", async () => {
  await open({
    attempt: { ...attempt("code"), code: { size: 2, rows: ["10", "11"], content: "x" } },
  });
  expect(page.get(".qr").attributes("viewBox")).toBe("-4 -4 10 10");
  expect(page.get(".qr path").attributes("d")).toBe("M0 0h1v1h-1zM0 1h2v1h-2z");
});

test("only paid is green and says paid", async () => {
  for (const state of STATES) {
    await open({ attempt: attempt(state) });
    expect(page.get("main").classes().includes("paid"), state).toBe(state === "paid");
    expect(page.text().includes("付款成功"), state).toBe(state === "paid");
    page.unmount();
  }
});

test("the amount being typed is shown in both languages", async () => {
  await open({ amountFen: 1_234_567 });
  expect(page.get(".amount").text().replaceAll(" ", "")).toBe("¥12,345.67");
  expect(page.text()).toContain("应付");
  expect(page.text()).toContain("Due");
});

test("practice is unmistakable, also when paid", async () => {
  await open({ practice: true, attempt: attempt("paid") });
  expect(page.find(".practice-frame").exists()).toBe(true);
  expect(page.text()).toContain("不是真钱");
  expect(page.text()).toContain("练习：付款成功");
  expect(page.text()).toContain("这一笔没有动真钱");
});

test("an amount without a code asks for the payment code and speaks of no code here", async () => {
  await open({ amountFen: 1250 });
  expect(page.get(".how").text()).toBe("请出示付款码");
  expect(page.get(".due-body .second").text()).toBe("Please show your payment code");
});

test("nobody is asked for a code while no channel would take one", async () => {
  await open({ amountFen: 1250, takesCodes: false });
  expect(page.get(".how").text()).toBe("现在不能扫码，请付现金或稍等");
  expect(page.get(".due-body .second").text()).toBe(
    "Codes cannot be taken now; please pay in cash or wait",
  );
  expect(page.text()).not.toContain("付款码");
  expect(customerOf(sceneOf("silent", NOW).counter, 1250).takesCodes).toBe(true);
});
