// What the cashier has in hand: what no view can know. No truth about money is kept here.

import type { CashBillView } from "./bindings/CashBillView";
import type { ChannelView } from "./bindings/ChannelView";
import type { ResultView } from "./bindings/ResultView";
import type { Report } from "./bindings/Report";
import type { ShopView } from "./bindings/ShopView";
import type { CashHand } from "./cash";
import type { Stroke } from "./keys";
import { NOTHING } from "./money";
import type { Entry, EntryKey } from "./money";
import type { Hint } from "./text/shape";

export type Notice =
  | { kind: "hint"; hint: Hint }
  | { kind: "report"; report: Report }
  /** The sale in cash of a customer's bill. */
  | ({ kind: "cash_bill"; orderNo: string } & CashBillView)
  /** The sale of a customer's bill that is over. */
  | { kind: "ended_bill"; ended: ResultView }
  /** Attempts that the channel was asked about. */
  | { kind: "asked"; about: readonly Asked[] };

export interface Asked {
  outTradeNo: string;
  /** When the channel had last answered about it before. */
  beforeMs: number | null;
  /** When it was asked; null until the till has taken the question. */
  atMs: number | null;
}

/** A confirmed amount. The till makes at most one attempt of it. */
export interface Intent {
  intentId: string;
  amountFen: number;
  /** Where it was confirmed; no other shop takes it. */
  shop: ShopView;
}

/** What was handed to the till. An auth code stays here only until the till has answered. */
export type Handed =
  | { kind: "show"; intent: Intent; channel: ChannelView }
  | { kind: "scan"; intent: Intent; authCode: string };

export interface Hand {
  entry: Entry;
  armed: boolean;
  /** Digits of a payment code typed by hand; only ever drawn as their number. */
  typedCode: string;
  intent: Intent | null;
  handed: Handed | null;
  sending: boolean;
  /** The amount may hold digits of a scan: no scan charges it before Enter. */
  doubtful: boolean;
  /** A charge above the store's ceiling, held back until it is confirmed. */
  large: Handed | null;
  /** The intent whose large amount was confirmed. */
  sure: string | null;
  cash: CashHand | null;
  /** The ended attempt that the cashier has typed over. */
  passed: string | null;
  /** The order of the cash sale that the cashier has typed over. */
  passedCash: string | null;
  /** The attempt that was paid while its cash was being counted; it stays until a command key. */
  stopped: string | null;
  notice: Notice | null;
}

export function emptyHand(): Hand {
  return {
    entry: NOTHING,
    armed: false,
    typedCode: "",
    intent: null,
    handed: null,
    sending: false,
    doubtful: false,
    large: null,
    sure: null,
    cash: null,
    passed: null,
    passedCash: null,
    stopped: null,
    notice: null,
  };
}

/** Returns the entry keys that a stroke stands for; none for a command. */
export function entryKeys(stroke: Stroke): EntryKey[] {
  switch (stroke.kind) {
    case "digit":
      return [{ kind: "digit", digit: stroke.digit }];
    case "double_zero":
      return [
        { kind: "digit", digit: "0" },
        { kind: "digit", digit: "0" },
      ];
    case "dot":
    case "back":
    case "plus":
      return [{ kind: stroke.kind }];
    case "enter":
    case "minus":
    case "star":
    case "ask":
    case "cash":
    case "goods":
    case "refund":
    case "orders":
    case "receipt":
    case "practice":
    case "health":
    case "open_items":
    case "aside":
    case "bring_back":
    case "up":
    case "down":
    case "escape":
      return [];
  }
}

/** What no scan's keys can have changed, and the till's answers may have. */
export function standing(hand: Hand): Partial<Hand> {
  const { handed, sending, large, stopped } = hand;
  return { handed, sending, large, stopped };
}

/** Whether the store wants so large an amount confirmed, and nobody has confirmed it. */
export function asksOnceMore({ sure }: Hand, intent: Intent, aboveFen: number | null): boolean {
  return aboveFen !== null && intent.amountFen > aboveFen && sure !== intent.intentId;
}
