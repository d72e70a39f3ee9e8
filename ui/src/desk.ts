// What the parts of a sale share: the hand, the last view, the till, and a place to say a word.

import type { CounterView } from "./bindings/CounterView";
import type { Hand } from "./hand";
import type { Host } from "./host";
import type { Hint } from "./text/shape";

export interface Desk {
  readonly host: Host;
  readonly hand: Hand;
  view(): CounterView | null;
  refresh(): Promise<void>;
  hint(what: Hint): void;
  /** Opens an order's history. */
  openOrder(orderNo: string): void;
  /** Runs a command and asks for the view after it; a refusal is said. Returns whether it was done. */
  call(command: () => Promise<void>): Promise<boolean>;
}
