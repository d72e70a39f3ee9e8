// How sentences are put together, and how keys are named in them.

import type { KeyAct } from "../bindings/KeyAct";
import type { KeyView } from "../bindings/KeyView";
import { keyOf } from "../strokes";
import type { Sentence } from "./shape";

const ACTS: readonly KeyAct[] = [
  "collect",
  "show",
  "ask",
  "cancel",
  "aside",
  "cash",
  "orders",
  "receipt",
  "practice",
  "health",
  "open_items",
];

/** Joins what is and what to do; some sentences only say what to do. */
export function joined({ is, todo }: Sentence, by: string): string {
  return [is, todo].filter((half) => half !== "").join(by);
}

/** Writes the store's own keys where a sentence names them, as in `{aside}`. */
export function withKeys(sentence: string, moved: readonly KeyView[]): string {
  return ACTS.reduce((text, act) => text.replaceAll(`{${act}}`, keyOf(act, moved)), sentence);
}
