// What the parts of a sale share: the hand, the last view, the till, and a place to say a word.

import type { ChannelView } from "./bindings/ChannelView";
import type { CounterView } from "./bindings/CounterView";
import type { SameCustomer } from "./bindings/SameCustomer";
import type { Hand, Handed } from "./hand";
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

/** The wallet whose code is next; the till refuses, with its reason, where there is none. */
export function channelToShow(view: CounterView | null): ChannelView {
  return view?.nextCode ?? "alipay";
}

/** Hands a confirmed amount to the till. */
export function deliver(host: Host, handed: Handed, sameCustomer: SameCustomer): Promise<void> {
  switch (handed.kind) {
    case "show":
      return host.showCode({ ...handed.intent, channel: handed.channel, sameCustomer });
    case "scan":
      return host.scanCode({ ...handed.intent, authCode: handed.authCode, sameCustomer });
  }
}
