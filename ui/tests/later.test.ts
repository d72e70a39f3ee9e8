// The start: a counter on which an amount can be typed waits for nothing else, and what needs more
// is shown whole or not yet.

import { flushPromises, mount } from "@vue/test-utils";
import type { VueWrapper } from "@vue/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { demoHost } from "../src/demo";
import { attemptIn, counterAt, customerOf } from "../src/demo-scenes";
import { install } from "../src/host";
import Counter from "../src/screens/Counter.vue";

/** 10:03:21 in Shanghai. */
const NOW = Date.UTC(2026, 10, 21, 2, 3, 21);

const { arrived, arrive } = vi.hoisted(() => {
  let arrive = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  return { arrived, arrive: () => arrive() };
});

vi.mock("../src/screens/later", async (original) => {
  await arrived;
  return original();
});

let page: VueWrapper;

afterEach(() => page.unmount());

async function start(counter: Partial<CounterView>): Promise<void> {
  const view = counterAt(NOW, counter);
  install(demoHost({ counter: view, customer: customerOf(view, null) }, null));
  page = mount(Counter, { attachTo: document.body });
  await flushPromises();
}

test("an amount is typed before the other parts are there", async () => {
  await start({});
  expect(page.find(".plate[data-state=zero]").exists()).toBe(true);
  for (const digit of "125") {
    const key = { key: digit, code: `Digit${digit}`, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", key));
  }
  await flushPromises();
  expect(page.get(".amount").text()).toContain("125");
});

test("a sale found at the start is shown whole, and nothing else stands in its place", async () => {
  await start({ front: attemptIn("unknown", NOW) });
  expect(page.find(".plate").exists(), "an empty amount must not stand for an open sale").toBe(false);
  expect(page.find("[role=status]").exists()).toBe(true);
  arrive();
  await vi.waitFor(() => expect(page.find(".plate[data-state=unknown]").exists()).toBe(true));
});
