// Moments as text, in the shop's time zone whatever the machine's zone, and a clock that follows
// the till's: the moment a view was made plus what has passed here since it came.

import { onScopeDispose, ref } from "vue";
import type { Ref } from "vue";

/** Asia/Shanghai has had no daylight saving time since 1991. */
const SHANGHAI_MS = 8 * 3_600_000;
const TICK_MS = 250;

/** Returns `10:03:21`. */
export function clockTime(ms: number): string {
  return new Date(ms + SHANGHAI_MS).toISOString().slice(11, 19);
}

/** Returns `10:03`. */
export function minuteTime(ms: number): string {
  return clockTime(ms).slice(0, 5);
}

/** Returns `10:03:21` of today, and `11-20 10:03:21` of another day. */
export function dayTime(ms: number, nowMs: number): string {
  const day = (at: number): string => new Date(at + SHANGHAI_MS).toISOString().slice(0, 10);
  const isToday = day(ms) === day(nowMs);
  return isToday ? clockTime(ms) : `${day(ms).slice(5)} ${clockTime(ms)}`;
}

/** Returns `2026-11-21 10:03`. */
export function dateTime(ms: number): string {
  return new Date(ms + SHANGHAI_MS).toISOString().slice(0, 16).replace("T", " ");
}

/** Returns `2:41`. */
export function minutesSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Returns whole seconds until a deadline, never below zero. */
export function secondsLeft(deadlineMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((deadlineMs - nowMs) / 1000));
}

export interface TillClock {
  readonly nowMs: Ref<number>;
  /** Sets the clock by a view that came at this moment. */
  follow(viewNowMs: number): void;
}

export function tillClock(): TillClock {
  const nowMs = ref(0);
  let offsetMs = 0;
  const step = (): void => {
    nowMs.value = Math.round(performance.now()) + offsetMs;
  };
  const timer = setInterval(step, TICK_MS);
  onScopeDispose(() => clearInterval(timer));
  return {
    nowMs,
    follow(viewNowMs) {
      offsetMs = viewNowMs - Math.round(performance.now());
      step();
    },
  };
}
