// Mounts a page on the demo host and presses keys the way a keyboard does.

import { flushPromises, mount } from "@vue/test-utils";
import type { VueWrapper } from "@vue/test-utils";
import { vi } from "vitest";
import type { CounterView } from "../src/bindings/CounterView";
import { demoHost } from "../src/demo";
import type { DemoHost } from "../src/demo";
import { counterAt, customerOf } from "../src/demo-scenes";
import { install } from "../src/host";
import { loadLater } from "../src/later";
import Counter from "../src/screens/Counter.vue";
import { speak } from "../src/text";
import type { Language } from "../src/text";

// Every test but those of the start finds the counter with all its parts.
await loadLater();

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

/** Opens the counter with time standing still; the scripted channel does nothing by itself, or
 * takes a step so often. */
export async function open(
  counter: Partial<CounterView> = {},
  spoken: Language = "zh",
  stepMs: number | null = null,
): Promise<Page> {
  vi.useFakeTimers({ now: NOW });
  const view = counterAt(NOW, counter);
  const host = demoHost({ counter: view, customer: customerOf(view, null) }, stepMs);
  install(host);
  speak(spoken);
  const page = mount(Counter, { attachTo: document.body });
  await flushPromises();
  return {
    host,
    page,
    is: () => page.get("[data-say=is]").text(),
    todo: () => page.get("[data-say=todo]").text(),
    state: () => page.find(".plate[data-state]").attributes("data-state"),
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

/** Presses keys as fingers do. A word in angle brackets is one key: `12<Enter>`. */
export async function type(keys: string, everyMs = 120): Promise<void> {
  for (const key of split(keys)) {
    down(key);
    await vi.advanceTimersByTimeAsync(everyMs);
  }
  await flushPromises();
}

/** Types as a scanner does, 5 ms apart, after a hand's pause, and lets the scan end. */
export async function scanner(keys: string): Promise<void> {
  await burst(keys, { everyMs: 5 });
}

export interface Pace {
  everyMs: number;
  /** One pause longer than the others, before the key of this place. */
  slow?: { before: number; ms: number };
}

/** Types keys at one pace with at most one stumble, and lets what comes of them settle. */
export async function burst(keys: string, { everyMs, slow }: Pace): Promise<void> {
  await vi.advanceTimersByTimeAsync(400);
  for (const [i, key] of split(keys).entries()) {
    if (i > 0) await vi.advanceTimersByTimeAsync(slow?.before === i ? slow.ms : everyMs);
    down(key);
  }
  await vi.advanceTimersByTimeAsync(400);
  await flushPromises();
}

/** Presses a key that was struck `strokeAgoMs` ago, as when the page was slow to come to it. */
export function down(
  key: string,
  init: KeyboardEventInit = {},
  strokeAgoMs = 0,
): KeyboardEvent {
  const code = /^\d$/.test(key) ? `Numpad${key}` : (CODES[key] ?? key);
  const event = new KeyboardEvent("keydown", {
    key,
    code,
    bubbles: true,
    cancelable: true,
    ...init,
  });
  Object.defineProperty(event, "timeStamp", { value: performance.now() - strokeAgoMs });
  (document.activeElement ?? document.body).dispatchEvent(event);
  return event;
}

function split(keys: string): string[] {
  return [...keys.matchAll(/<(\w+)>|(.)/g)].map((match) => match[1] ?? match[2] ?? "");
}
