// Practice as something that is entered and left: one key for both ways. Which shop is on is the
// till's to know; what was in hand for one is let go before the other is touched.

import type { Approval } from "./approval";
import type { CounterView } from "./bindings/CounterView";
import { reportOf } from "./host";
import type { Host } from "./host";
import { lookOf } from "./plate";
import type { Sale } from "./sale";
import type { Hint } from "./text/shape";

export interface Practising {
  /** The key: enters practice, or leaves it. */
  press(): void;
  /** Notes that somebody touches the counter. */
  stir(): void;
  /** Takes in a view; tells whether another shop is on than before. */
  seen(next: CounterView, before: CounterView | null): boolean;
}

/** The till hears no more often that somebody is there. */
const STIR_EVERY_MS = 1_000;

export function practising(
  host: Host,
  view: () => CounterView | null,
  refresh: () => Promise<void>,
  approvals: Approval,
  till: Sale,
): Practising {
  let stirredMs = Number.NEGATIVE_INFINITY;

  function press(): void {
    const now = view();
    switch (now?.shop) {
      case undefined:
        return;
      case "practice_only":
        return till.say("practice_only");
      case "practice":
        return void leave();
      case "own": {
        const why = whyNot(now);
        return why === null ? approvals.begin({ kind: "practice" }) : till.say(why);
      }
    }
  }

  /** What must be done first; the till has the last word. */
  function whyNot({ front, aside, unknownCount }: CounterView): Hint | null {
    const sales = front === null ? aside : [front, ...aside];
    if (unknownCount > 0 || sales.some(({ state }) => lookOf(state).course !== "ended")) {
      return "practice_waits";
    }
    switch (till.mode.value) {
      case "ended":
      case "cash_taken":
        return null;
      case "typing":
        return till.totalFen.value === 0 ? null : "practice_first_finish";
      case "armed":
      case "sending":
      case "large":
      case "question":
      case "cash":
      case "waiting":
      case "held":
        return "practice_first_finish";
    }
  }

  async function leave(): Promise<void> {
    try {
      await host.leavePractice();
      await refresh();
    } catch (rejection) {
      till.complain(reportOf(rejection));
    }
  }

  function stir(): void {
    const now = view();
    if (now?.shop !== "practice") return;
    const recent = performance.now() - stirredMs < STIR_EVERY_MS;
    if (recent && now.practiceEndsAtMs === null) return;
    stirredMs = performance.now();
    // Where it is not heard, practice ends too early and nothing is lost.
    host.stirPractice().catch(() => undefined);
  }

  function seen(next: CounterView, before: CounterView | null): boolean {
    if (before === null || next.shop === before.shop) return false;
    approvals.forget();
    till.forget();
    till.say(next.shop === "practice" ? "practice_entered" : "practice_left");
    return true;
  }

  return { press, stir, seen };
}
