// How far the till can be relied on, one level for each thing it relies on. The words are in `text/`.

import type { BackupState } from "./bindings/BackupState";
import type { ChannelHealth } from "./bindings/ChannelHealth";
import type { ChannelHealthView } from "./bindings/ChannelHealthView";
import type { ChannelView } from "./bindings/ChannelView";
import type { ClockState } from "./bindings/ClockState";
import type { CounterView } from "./bindings/CounterView";
import type { DiskState } from "./bindings/DiskState";
import type { HearingState } from "./bindings/HearingState";
import type { ShopView } from "./bindings/ShopView";

/** Nothing to do · nobody knows, or it is not for here · do something · no sale without a person. */
export type Level = "good" | "plain" | "care" | "stop";

export type SoundState = "works" | "off" | "none";

/** A channel in one word: one that answers may still take no payment codes. */
export type TileState = ChannelHealth | "unproven";

export function tileState({ state, scans }: ChannelHealthView): TileState {
  return state === "ready" && scans === "unproven" ? "unproven" : state;
}

const LEVELS: readonly Level[] = ["good", "plain", "care", "stop"];

export function channelLevel(state: TileState): Level {
  switch (state) {
    case "ready":
      return "good";
    case "proving":
      return "plain";
    case "silent":
    case "full":
    case "unproven":
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

/** A relay is a speed-up: one that is away for a while needs nobody. */
export function hearingLevel(state: HearingState): Level {
  switch (state) {
    case "listening":
      return "good";
    case "asking":
    case "connecting":
    case "silent":
      return "plain";
    case "refused":
    case "strange":
    case "wrong_file":
    case "not_started":
      return "care";
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
    ...channels.map((channel) => channelLevel(tileState(channel))),
    diskLevel(health.disk),
    clockLevel(health.clock),
    backupLevel(health.backup, shop),
    hearingLevel(health.hearing.state),
    soundLevel(soundState(view)),
    notices.length > 0 || waitingRefunds > 0 ? "care" : "good",
  ] satisfies Level[];
  return levels.reduce((a, b) => (LEVELS.indexOf(a) < LEVELS.indexOf(b) ? b : a));
}

/** Returns the channels that are a wallet. */
export function walletsOf(channels: readonly ChannelHealthView[]): readonly ChannelHealthView[] {
  return channels.filter(({ channel }) => channel !== "cash");
}

/** Whether no wallet would take a scan, as one does not answer or its reversal is not let in. */
export function takesNoScan(channels: readonly ChannelHealthView[]): boolean {
  const wallets = walletsOf(channels);
  const isOff = ({ state, scans }: ChannelHealthView): boolean =>
    state === "silent" || scans === "unproven";
  const takes = wallets.some((one) => one.state === "ready" && one.scans !== "unproven");
  return wallets.some(isOff) && !takes;
}

/** Whether what goes out by itself through a channel waits for its answer. */
export function isHeldUp({ channels }: CounterView, of: ChannelView): boolean {
  return channels.some(({ channel, state }) => channel === of && state === "silent");
}

/** Whether a channel can be used that could not be: a refusal of before is out of date. */
export function hasRecovered(next: CounterView, before: CounterView | null): boolean {
  const ready = (view: CounterView): number => view.channels.filter(({ state }) => state === "ready").length;
  return before !== null && ready(next) > ready(before);
}
