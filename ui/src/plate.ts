// What a state looks like: its tone, its mark and its two answers. The words are in `text/`.

import type { AttemptState } from "./bindings/AttemptState";
import type { AttemptView } from "./bindings/AttemptView";
import { yuan } from "./money";
import type { Text } from "./text";
import type { Said, Told } from "./text/shape";
import { clockTime, secondsLeft } from "./time";

/** Tinted while it runs, solid when it is over: `closed` is pale, so that it is not `ready`. */
export type Tone = "plain" | "wait" | "doubt" | "paid" | "ready" | "closed" | "stop";

export type MarkName =
  | "paid"
  | "phone"
  | "code"
  | "unknown"
  | "turning"
  | "not_charged"
  | "unreached"
  | "closed"
  | "returned"
  | "held"
  | "sending";

/** `no` is an outlined cross, `yes` an inverted tile, `next` neither: the next sale may begin. */
export type Answer = "no" | "yes" | "next";

/** Whether an attempt runs, has ended, or stays until a person decides. */
export type Course = "live" | "ended" | "held";

export interface Look {
  tone: Tone;
  mark: MarkName;
  goods: Answer;
  charge: Answer;
  course: Course;
}

export function lookOf(state: AttemptState): Look {
  switch (state) {
    case "submitting":
      return live("wait", "sending");
    case "typing":
      return live("wait", "phone");
    case "code":
      return live("wait", "code");
    case "parked":
      return live("doubt", "code");
    case "unknown":
      return live("doubt", "unknown");
    case "reversing":
    case "refunding":
    case "settling":
      return live("doubt", "turning");
    case "paid":
      return { tone: "paid", mark: "paid", goods: "yes", charge: "next", course: "ended" };
    case "declined":
      return { tone: "ready", mark: "not_charged", goods: "no", charge: "yes", course: "ended" };
    case "unreached":
      return { tone: "closed", mark: "unreached", goods: "no", charge: "yes", course: "ended" };
    case "closed":
      return { tone: "closed", mark: "closed", goods: "no", charge: "yes", course: "ended" };
    case "returned":
      return { tone: "ready", mark: "returned", goods: "no", charge: "yes", course: "ended" };
    case "held":
      return { tone: "stop", mark: "held", goods: "no", charge: "no", course: "held" };
  }
}

/** Whether the customer may still scan a code in this state. */
export function codeIsLive(state: AttemptState, deadlineMs: number | null, nowMs: number): boolean {
  return state === "code" && (deadlineMs === null || nowMs < deadlineMs);
}

export function saidOf(attempt: AttemptView, text: Text, nowMs: number): Said {
  const { channel, changingTo } = attempt;
  if (changingTo !== null && attempt.state === "reversing") {
    return text.changing(text.channel[channel], text.channel[changingTo]);
  }
  const said = text.state[attempt.state](toldOf(attempt, text, nowMs));
  const keepsGoods = attempt.state === "unknown" || attempt.state === "code";
  if (!attempt.goodsGone || !keepsGoods) return said;
  return { ...said, todo: text.goneTodo, say: text.goneTodo };
}

/** Returns the reason in our words where we have them, else in the channel's. */
export function reasonOf(attempt: AttemptView, text: Text): string | null {
  const code = attempt.reason?.replace(/^.*\./, "") ?? "";
  return text.reason[code] ?? attempt.reasonText;
}

function toldOf(attempt: AttemptView, text: Text, nowMs: number): Told {
  return {
    amount: yuan(attempt.amountFen),
    channel: text.channel[attempt.channel],
    at: clockTime(attempt.endedAtMs ?? attempt.startedAtMs),
    left: attempt.deadlineMs === null ? null : secondsLeft(attempt.deadlineMs, nowMs),
    asked: attempt.askedAtMs === null ? null : clockTime(attempt.askedAtMs),
    reason: reasonOf(attempt, text),
    held: attempt.held,
    channelAmount: attempt.channelAmountFen === null ? null : yuan(attempt.channelAmountFen),
  };
}

function live(tone: "wait" | "doubt", mark: MarkName): Look {
  return { tone, mark, goods: "no", charge: "no", course: "live" };
}

/** What stands on the plate and decides what a key means. */
export type Mode =
  | "typing"
  | "armed"
  | "sending"
  | "large"
  | "question"
  | "cash"
  | "waiting"
  | "held"
  | "ended"
  | "cash_taken";
