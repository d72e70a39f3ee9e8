// A till that could not open: both windows say what they can and offer nothing to press.

import { flushPromises, mount } from "@vue/test-utils";
import { expect, test } from "vitest";
import type { Report } from "../src/bindings/Report";
import { demoHost } from "../src/demo";
import { counterAt, customerOf } from "../src/demo-scenes";
import { install } from "../src/host";
import Counter from "../src/screens/Counter.vue";
import Customer from "../src/screens/Customer.vue";
import { speak } from "../src/text";
import { NOW } from "./mounted";

const REPORT: Report = { code: "database_broken", detail: "`7` in `attempt` is not as it was written" };

function refusing(): void {
  const counter = counterAt(NOW);
  const host = demoHost({ counter, customer: customerOf(counter, null) }, null);
  const refuse = (): Promise<never> => Promise.reject(REPORT);
  install({ ...host, counter: refuse, customer: refuse });
}

test("the cashier reads what is and what to do in the place of the counter", async () => {
  refusing();
  for (const [language, is, todo] of [
    ["zh", "数据文件有损坏，已停止收款", "不要删除文件"],
    ["en", "The database is damaged, charging stopped", "delete nothing"],
  ] as const) {
    speak(language);
    const page = mount(Counter);
    await flushPromises();
    const said = page.get("[data-start=failed]").text();
    expect(said).toContain(is);
    expect(said.toLowerCase()).toContain(todo);
    expect(said).toContain(REPORT.detail);
    expect(page.find("button").exists()).toBe(false);
    page.unmount();
  }
});

test("the customer's window shows neither a code nor an amount", async () => {
  refusing();
  const page = mount(Customer);
  await flushPromises();
  expect(page.find(".qr").exists()).toBe(false);
  expect(page.text()).toBe("");
  page.unmount();
});
