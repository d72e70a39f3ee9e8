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

/** Joins what can be chosen from, as in `A, B or C`. */
export function anyOf(names: readonly string[], { comma, or }: { comma: string; or: string }): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(comma)}${or}${last}`;
}

/** The names of wallets in sentences. */
export interface Wallets {
  channel: string;
  others: string;
  wallets: string;
}

/** Writes wallets where a sentence names them, as in `{others}`. */
export function withWallets(sentence: string, { channel, others, wallets }: Wallets): string {
  return sentence
    .replaceAll("{channel}", channel)
    .replaceAll("{others}", others)
    .replaceAll("{wallets}", wallets);
}

/** Writes the store's own keys where a sentence names them, as in `{aside}`. */
export function withKeys(sentence: string, moved: readonly KeyView[]): string {
  return ACTS.reduce((text, act) => text.replaceAll(`{${act}}`, keyOf(act, moved)), sentence);
}
