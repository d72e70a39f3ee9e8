// How long something has been open, as text.

import type { Text } from "./text";

const DAY_SECONDS = 86_400;

/** Returns `3 分钟`: the largest unit of which there is one. */
export function ageOf(sinceMs: number, nowMs: number, { age }: Text): string {
  const seconds = Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
  if (seconds < 60) return age.seconds(seconds);
  if (seconds < 3600) return age.minutes(Math.floor(seconds / 60));
  if (seconds < DAY_SECONDS) return age.hours(Math.floor(seconds / 3600));
  return age.days(Math.floor(seconds / DAY_SECONDS));
}
