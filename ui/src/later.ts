// What a sale does not need at first: loaded once the counter has been painted, so that the first
// picture waits for none of it.

import { shallowRef } from "vue";
import type { ShallowRef } from "vue";

type Later = typeof import("./screens/later");

const loaded = shallowRef<Later | null>(null);
let loading: Promise<void> | null = null;

/** The parts, or null for as long as they are being loaded. */
export function useLater(): Readonly<ShallowRef<Later | null>> {
  return loaded;
}

/** Loads the parts, once. Rejects where the program's own files cannot be read. */
export function loadLater(): Promise<void> {
  loading ??= import("./screens/later").then((parts) => {
    loaded.value = parts;
  });
  return loading;
}
