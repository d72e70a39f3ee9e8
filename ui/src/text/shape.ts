// What the sentences are made from and what they come to. No sentences here.

import type { HeldView } from "../bindings/HeldView";

/** What a state's sentences may speak of; amounts and times are text already. */
export interface Told {
  amount: string;
  channel: string;
  /** When it ended, or began. */
  at: string;
  /** Seconds until the channel's limit. */
  left: number | null;
  asked: string | null;
  reason: string | null;
  held: HeldView | null;
  channelAmount: string | null;
}

/** What is, then what to do. */
export interface Sentence {
  is: string;
  todo: string;
}

/** A state's sentence, and the same spread over the plate. */
export interface Said extends Sentence {
  /** The plate's word, read from the door. */
  word: string;
  /** The line under the amount. */
  say: string;
  /** May the goods go? */
  goods: string;
  /** May I charge again? */
  charge: string;
}

/** Answers to a key that did nothing, or whose doing is not seen on the plate. */
export type Hint =
  | "third_decimal"
  | "above_limit"
  | "amount_first"
  | "arm_first"
  | "scan_again"
  | "type_again"
  | "typed_too_soon"
  | "already_paid"
  | "busy"
  | "waiting_ignores_digits"
  | "waiting_ignores_scan"
  | "held_ignores_digits"
  | "nothing_to_ask"
  | "asking"
  | "cannot_cancel"
  | "cannot_change"
  | "cannot_put_aside"
  | "nothing_aside"
  | "amount_stands"
  | "nothing_to_charge"
  | "answer_first"
  | "look_first"
  | "check_amount"
  | "same_code"
  | "asking_bill"
  | "bill_unknown"
  | "cannot_wait"
  | "cannot_take_cash"
  | "cannot_give_goods"
  | "cash_open"
  | "cash_not_needed"
  | "no_rounding"
  | "received_too_little"
  | "received_too_much"
  | "nothing_to_refund"
  | "refund_most"
  | "refund_sent"
  | "refund_kept"
  | "cash_goes_back"
  | "refund_again"
  | "goods_said"
  | "finding_settled"
  | "no_receipt"
  | "pin_first"
  | "pin_short"
  | "pin_differs"
  | "pin_needed"
  | "pin_set"
  | "pin_again"
  | "pin_same"
  | "pin_changed"
  | "practice_waits"
  | "practice_first_finish"
  | "practice_only"
  | "practice_entered"
  | "practice_left";
