// How far the till can be relied on, one level for each thing it relies on. The words are in `text/`.

import type { BackupState } from "./bindings/BackupState";
import type { ChannelHealth } from "./bindings/ChannelHealth";
import type { ChannelHealthView } from "./bindings/ChannelHealthView";
import type { ClockState } from "./bindings/ClockState";
import type { CounterView } from "./bindings/CounterView";
import type { DiskState } from "./bindings/DiskState";
import type { ShopView } from "./bindings/ShopView";

/** Nothing to do · nobody knows, or it is not for here · do something · no sale without a person. */
export type Level = "good" | "plain" | "care" | "stop";

export type SoundState = "works" | "off" | "none";

const LEVELS: readonly Level[] = ["good", "plain", "care", "stop"];

export function channelLevel(state: ChannelHealth): Level {
  switch (state) {
    case "ready":
      return "good";
    case "proving":
      return "plain";
    case "silent":
    case "full":
      return "care";
    case "misconfigured":
      return "stop";
  }
}

export function diskLevel(state: DiskState): Level {
  switch (state) {
    case "unknown":
      return "plain";
    case "good":
      return "good";
    case "low":
      return "care";
    case "full":
    case "read_only":
    case "failing":
    case "damaged":
      return "stop";
  }
}

export function clockLevel(state: ClockState): Level {
  switch (state) {
    case "unknown":
      return "plain";
    case "good":
      return "good";
    case "wrong":
      return "care";
  }
}

/** A second place is for real books; a till that only practises needs none. */
export function backupLevel(state: BackupState, shop: ShopView): Level {
  switch (state) {
    case "good":
      return "good";
    case "soon":
    case "practice":
      return "plain";
    case "unset":
      return shop === "own" ? "care" : "plain";
    case "failed":
    case "late":
      return "care";
    case "stopped":
      return "stop";
  }
}

/** Results are seen too: nothing to hear with is no reason to stop. */
export function soundLevel(sound: SoundState): Level {
  switch (sound) {
    case "works":
      return "good";
    case "off":
      return "plain";
    case "none":
      return "care";
  }
}

/** Whether there is something to hear with; a store that wants to hear nothing needs nothing. */
export function soundState({ soundWorks, settings }: CounterView): SoundState {
  if (!settings.sound && !settings.voice) return "off";
  return soundWorks ? "works" : "none";
}

/** Returns the worst of all. */
export function worstLevel(view: CounterView): Level {
  const { channels, health, shop, notices, waitingRefunds } = view;
  const levels = [
    ...channels.map(({ state }) => channelLevel(state)),
    diskLevel(health.disk),
    clockLevel(health.clock),
    backupLevel(health.backup, shop),
    soundLevel(soundState(view)),
    notices.length > 0 || waitingRefunds > 0 ? "care" : "good",
  ] satisfies Level[];
  return levels.reduce((a, b) => (LEVELS.indexOf(a) < LEVELS.indexOf(b) ? b : a));
}

/** Whether no wallet would take a scan, as one does not answer. */
export function takesNoScan(channels: readonly ChannelHealthView[]): boolean {
  const wallets = channels.filter(({ channel }) => channel !== "cash").map(({ state }) => state);
  return wallets.includes("silent") && !wallets.includes("ready");
}

/** Whether what goes out by itself waits for a channel that does not answer. */
export function isHeldUp({ channels, health }: CounterView): boolean {
  return health.waitingDoneMs === null && channels.some(({ state }) => state === "silent");
}

/** Whether a channel can be used that could not be: a refusal of before is out of date. */
export function hasRecovered(next: CounterView, before: CounterView | null): boolean {
  const ready = (view: CounterView): number => view.channels.filter(({ state }) => state === "ready").length;
  return before !== null && ready(next) > ready(before);
}
