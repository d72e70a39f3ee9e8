// What would have sounded where nothing can sound: the plate's outline stands out once.

import { onScopeDispose, ref } from "vue";
import type { Ref } from "vue";
import type { CounterView } from "./bindings/CounterView";

/** So long the outline stands out; the style sheet lets it fade within it. */
export const FLASH_MS = 300;

export interface Flash {
  readonly stands: Ref<boolean>;
  seen(view: CounterView, before: CounterView | null): void;
}

export function flash(): Flash {
  const stands = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onScopeDispose(() => clearTimeout(timer));
  return {
    stands,
    // A page that opens has missed nothing, however much nobody heard before.
    seen(view, before) {
      if (before === null || view.missedSounds === before.missedSounds) return;
      clearTimeout(timer);
      stands.value = true;
      timer = setTimeout(() => (stands.value = false), FLASH_MS);
    },
  };
}
