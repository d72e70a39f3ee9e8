// Mounts a page on the demo host and presses keys the way a keyboard does.

import { flushPromises, mount } from "@vue/test-utils";
import type { VueWrapper } from "@vue/test-utils";
import { vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { demoHost } from "../src/demo";
import type { DemoHost } from "../src/demo";
import { counterAt, customerOf } from "../src/demo-scenes";
import { install } from "../src/host";
import Counter from "../src/screens/Counter.vue";
import { speak } from "../src/text";
import type { Language } from "../src/text";

/** 10:03:21 in Shanghai. */
export const NOW = Date.UTC(2026, 10, 21, 2, 3, 21);

export interface Page {
  host: DemoHost;
  page: VueWrapper;
  /** The first half of the sentence that is read aloud. */
  is(): string;
  todo(): string;
  state(): string | undefined;
  amount(): string;
  asked(command: string): unknown[];
}

/** Opens the counter with time standing still; the scripted channel does nothing by itself. */
export async function open(
  counter: Partial<CounterView> = {},
  spoken: Language = "zh",
): Promise<Page> {
  vi.useFakeTimers({ now: NOW });
  const view = counterAt(NOW, counter);
  const host = demoHost({ counter: view, customer: customerOf(view, null) }, null);
  install(host);
  speak(spoken);
  const page = mount(Counter, { attachTo: document.body });
  await flushPromises();
  return {
    host,
    page,
    is: () => page.get("[data-say=is]").text(),
    todo: () => page.get("[data-say=todo]").text(),
    state: () => page.find("[data-state]").attributes("data-state"),
    amount: () => page.get(".amount").text().replaceAll(" ", ""),
    asked: (command) =>
      host.calls.filter((call) => call.command === command).map(({ request }) => request),
  };
}

const CODES: Readonly<Record<string, string>> = {
  ".": "NumpadDecimal",
  "*": "NumpadMultiply",
  "/": "NumpadDivide",
  "-": "NumpadSubtract",
  "+": "NumpadAdd",
};

/** Presses keys as fingers do, 120 ms apart. A word in angle brackets is one key: `12<Enter>`. */
export async function type(keys: string): Promise<void> {
  for (const key of split(keys)) {
    down(key);
    await vi.advanceTimersByTimeAsync(120);
  }
  await flushPromises();
}

/** Types as a scanner does, 5 ms apart, and lets the scan end. */
export async function scanner(keys: string): Promise<void> {
  for (const key of split(keys)) {
    down(key);
    await vi.advanceTimersByTimeAsync(5);
  }
  await vi.advanceTimersByTimeAsync(200);
  await flushPromises();
}

export function down(key: string, init: KeyboardEventInit = {}): KeyboardEvent {
  const code = /^\d$/.test(key) ? `Numpad${key}` : (CODES[key] ?? key);
  const event = new KeyboardEvent("keydown", {
    key,
    code,
    bubbles: true,
    cancelable: true,
    ...init,
  });
  (document.activeElement ?? document.body).dispatchEvent(event);
  return event;
}

function split(keys: string): string[] {
  return [...keys.matchAll(/<(\w+)>|(.)/g)].map((match) => match[1] ?? match[2] ?? "");
}
