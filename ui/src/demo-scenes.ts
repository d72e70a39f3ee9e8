// Views for the demo and the tests: one attempt in any state, and named scenes of a counter.
// Not part of the app.

import type { AttemptState } from "./bindings/AttemptState";
import type { AttemptView } from "./bindings/AttemptView";
import type { ChannelHealthView } from "./bindings/ChannelHealthView";
import type { CounterView } from "./bindings/CounterView";
import type { CustomerView } from "./bindings/CustomerView";
import type { HealthView } from "./bindings/HealthView";
import type { LastView } from "./bindings/LastView";
import type { QrView } from "./bindings/QrView";
import type { SettingsView } from "./bindings/SettingsView";
import { walletsOf } from "./health";

export interface Scene {
  counter: CounterView;
  customer: CustomerView;
}

export const STATES: readonly AttemptState[] = [
  "parked",
  "submitting",
  "typing",
  "code",
  "unknown",
  "reversing",
  "settling",
  "paid",
  "declined",
  "unreached",
  "closed",
  "returned",
  "refunding",
  "held",
];

const OPEN: readonly AttemptState[] = [
  "parked",
  "submitting",
  "typing",
  "code",
  "unknown",
  "reversing",
  "settling",
  "refunding",
];

export function attemptIn(
  state: AttemptState,
  nowMs: number,
  with_: Partial<AttemptView> = {},
): AttemptView {
  const live = OPEN.includes(state);
  const shown = state === "code" || state === "parked";
  return {
    outTradeNo: "9001000100010000000000004417",
    orderNo: "129",
    amountFen: 1250,
    channel: "alipay",
    flow: shown ? "show" : "scan",
    state,
    code: state === "code" ? DEMO_CODE : null,
    deadlineMs: state === "typing" ? nowMs + 38_000 : shown ? nowMs + 161_000 : null,
    askedAtMs: state === "submitting" || state === "parked" ? null : nowMs - 2_000,
    startedAtMs: state === "code" ? nowMs - 20_000 : nowMs - 22_000,
    endedAtMs: live ? null : nowMs,
    reason: state === "declined" ? "ACQ.BUYER_BALANCE_NOT_ENOUGH" : null,
    reasonText: null,
    channelAmountFen: state === "held" ? 125 : null,
    held: state === "held" ? "amount_differs" : null,
    transactionNo: null,
    changeTo: shown ? (with_.channel === "wechat" ? "alipay" : "wechat") : null,
    changingTo: null,
    canCancel: ["submitting", "typing", "code", "unknown", "parked"].includes(state),
    canPutAside: live,
    canAskAgain: live || state === "held",
    canWaitLonger: state === "typing",
    canTakeCash: live || state === "held",
    canGiveGoods: ["submitting", "typing", "code", "unknown", "held"].includes(state),
    goodsGone: false,
    unwanted: false,
    refundableFen: state === "paid" ? 1250 : 0,
    refunds: [],
    ...with_,
  };
}

export function counterAt(nowMs: number, with_: Partial<CounterView> = {}): CounterView {
  const minute = 60_000;
  return {
    practice: false,
    shop: "own",
    practiceEndsAtMs: null,
    phoneUrl: null,
    store: "好邻居便利店 文三路店",
    till: "2 号台",
    nowMs,
    limitFen: 5_000_000,
    todayCount: 128,
    front: null,
    aside: [],
    unknownCount: 0,
    unknownSumFen: 0,
    unknownOldestMs: null,
    waitingRefunds: 0,
    openFindings: 0,
    channels: [health("alipay", 380), health("wechat", 560), health("cash", null)],
    nextCode: "alipay",
    health: healthWith(nowMs),
    notices: [],
    recent: [
      result("paid", 2800, nowMs - minute, 1, "alipay"),
      result("paid", 650, nowMs - 2 * minute, 2, "wechat"),
      result("declined", 4500, nowMs - 5 * minute, 3, "alipay"),
      result("returned", 1250, nowMs - 8 * minute, 4, "wechat"),
      result("paid", 500, nowMs - 9 * minute, 5, "cash"),
    ],
    question: null,
    settings: settingsWith({}),
    manager: "set",
    managerLockedUntilMs: null,
    cash: null,
    justPaid: null,
    soundWorks: true,
    missedSounds: 0,
    ...with_,
  };
}

/** Returns what a till relies on where all is well, but for what is given. */
export function healthWith(nowMs: number, with_: Partial<HealthView> = {}): HealthView {
  return {
    disk: "good",
    diskAtMs: nowMs - 21_000,
    diskFreeMb: 73_600,
    clock: "good",
    clockAtMs: nowMs - 4_000,
    clockOffMs: null,
    backup: "good",
    backupAtMs: nowMs - 1_810_000,
    backupDetail: null,
    hearing: {
      way: "embedded",
      state: "listening",
      sinceMs: nowMs - 900_000,
      detail: null,
      byNotice: { count: 12, medianMs: 400 },
      byAsking: { count: 2, medianMs: 2_300 },
    },
    waiting: [],
    waitingDoneMs: null,
    ...with_,
  };
}

/** Returns the settings of a store that has set nothing, but for those given. */
export function settingsWith(with_: Partial<SettingsView>): SettingsView {
  return {
    scanner: "box",
    impliedDecimals: false,
    askAboveFen: null,
    roundingLimitFen: 99,
    keys: [],
    sound: true,
    voice: true,
    ...with_,
  };
}

export function customerOf(counter: CounterView, amountFen: number | null): CustomerView {
  const { front, practice, store, nowMs } = counter;
  return {
    practice,
    store,
    amountFen,
    nowMs,
    scans: walletsOf(counter.channels)
      .filter(({ state, scans }) => state === "ready" && scans === "taken")
      .map(({ channel }) => channel),
    takesCodes: counter.channels.some(
      ({ channel, state }) => channel !== "cash" && state === "ready",
    ),
    attempt:
      front === null
        ? null
        : {
            state: front.state,
            channel: front.channel,
            amountFen: front.amountFen,
            code: front.code,
            deadlineMs: front.deadlineMs,
            changingTo: front.changingTo,
          },
  };
}

/** Returns a scene by name: a state, or one of the situations below. */
export function sceneOf(name: string, nowMs: number): Scene {
  const counter = counterOf(name, nowMs);
  return { counter, customer: customerOf(counter, name === "amount" ? 1250 : null) };
}

function counterOf(name: string, nowMs: number): CounterView {
  const state = STATES.find((each) => each === name);
  if (state !== undefined) return withFront(attemptIn(state, nowMs), nowMs);
  const aside = [
    attemptIn("typing", nowMs, {
      outTradeNo: "9001000100010000000000004415",
      amountFen: 3600,
      deadlineMs: nowMs + 21_000,
    }),
    attemptIn("unknown", nowMs, {
      outTradeNo: "9001000100010000000000004416",
      amountFen: 1850,
      channel: "wechat",
    }),
  ];
  const open = {
    aside,
    unknownCount: 1,
    unknownSumFen: 1850,
    unknownOldestMs: nowMs - 190_000,
  };
  switch (name) {
    case "chip":
      return counterAt(nowMs, open);
    case "aside":
      return counterAt(nowMs, { ...open, front: attemptIn("typing", nowMs) });
    case "practice":
      return counterAt(nowMs, {
        practice: true,
        shop: "practice_only",
        phoneUrl: "http://127.0.0.1:43117/phone",
      });
    case "practice-entered":
      return counterAt(nowMs, {
        practice: true,
        shop: "practice",
        phoneUrl: "http://192.168.100.123:43117/phone",
      });
    case "practice-full":
      return counterAt(nowMs, {
        ...open,
        practice: true,
        phoneUrl: "http://192.168.100.123:43117/phone",
        notices: [{ notice: "live_attempts_at_start", detail: null }],
      });
    case "notice-full":
      return counterAt(nowMs, {
        ...open,
        notices: [{ notice: "live_attempts_at_start", detail: null }],
      });
    case "practice-paid":
      return { ...withFront(attemptIn("paid", nowMs), nowMs), practice: true };
    case "silent":
      return counterAt(nowMs, {
        channels: [
          health("alipay", 380),
          {
            channel: "wechat",
            state: "silent",
            scans: "taken",
            sinceMs: nowMs - 60_000,
            latencyMs: null,
            sentence: null,
            knownAtMs: nowMs - 4_000,
          },
          health("cash", null),
        ],
      });
    case "unproven":
      return counterAt(nowMs, { channels: [health("alipay", 380), unproven(), health("cash", null)] });
    case "changing":
      return withFront(
        attemptIn("reversing", nowMs, { flow: "show", changingTo: "wechat", canCancel: true }),
        nowMs,
      );
    case "notice":
      return counterAt(nowMs, { notices: [{ notice: "clock_wrong", detail: "2015-01-01" }] });
    case "question":
      return counterAt(nowMs, {
        ...open,
        question: {
          kind: "same_customer",
          intentId: "demo",
          amountFen: 1850,
          unresolvedOutTradeNo: "9001000100010000000000004416",
        },
      });
    case "cash-taken":
      return counterAt(nowMs, {
        cash: {
          orderNo: "129",
          dueFen: 1250,
          roundedFen: 50,
          receivedFen: 2000,
          changeFen: 800,
          atMs: nowMs,
          instead: false,
        },
      });
    case "just-paid":
      return {
        ...withFront(attemptIn("paid", nowMs), nowMs),
        justPaid: {
          outTradeNo: "9001000100010000000000004416",
          amountFen: 1250,
          atMs: nowMs - 95_000,
          channel: "alipay",
        },
      };
    case "goods-gone":
      return withFront(attemptIn("unknown", nowMs, { goodsGone: true, canGiveGoods: false }), nowMs);
    case "unwanted":
      return withFront(attemptIn("unknown", nowMs, { unwanted: true, canTakeCash: false }), nowMs);
    case "trigger":
      return counterAt(nowMs, { settings: settingsWith({ scanner: "trigger" }) });
    case "implied":
      return counterAt(nowMs, { settings: settingsWith({ impliedDecimals: true }) });
    case "large":
      return counterAt(nowMs, { settings: settingsWith({ askAboveFen: 50_000 }) });
    case "keys":
      return counterAt(nowMs, {
        settings: settingsWith({
          keys: [
            { act: "show", code: "F9" },
            { act: "cash", code: "NumpadMultiply" },
          ],
        }),
      });
    case "first-pin":
      return counterAt(nowMs, { manager: "unset" });
    case "health":
      return counterAt(nowMs, {
        notices: [
          { notice: "clock_wrong", detail: "2015-01-01" },
          { notice: "disk_low", detail: null },
          { notice: "backup_late", detail: null },
        ],
        health: healthWith(nowMs, {
          disk: "low",
          diskFreeMb: 480,
          clock: "wrong",
          clockOffMs: 600_000,
          backup: "late",
          backupAtMs: nowMs - 60_000,
          backupDetail: "open the folder: No such file or directory (os error 2)",
        }),
        channels: [
          health("alipay", 380),
          {
            channel: "wechat",
            state: "misconfigured",
            scans: "taken",
            sinceMs: null,
            latencyMs: null,
            sentence: null,
            knownAtMs: nowMs - 4_000,
          },
          health("cash", null),
        ],
      });
    case "big":
      return withFront(attemptIn("code", nowMs, { amountFen: 1_234_567 }), nowMs);
    case "declined-text":
      return withFront(
        attemptIn("declined", nowMs, {
          reason: "ACQ.SOMETHING",
          reasonText: "<b>请联系</b>平台客服处理后再试",
        }),
        nowMs,
      );
    default:
      return counterAt(nowMs);
  }
}

function withFront(front: AttemptView, nowMs: number): CounterView {
  const counter = counterAt(nowMs, { front, todayCount: 129 });
  const ended = front.endedAtMs !== null;
  const unknown = ["unknown", "reversing", "settling", "refunding"].includes(front.state);
  if (ended) {
    const { outTradeNo, orderNo, channel, amountFen, state } = front;
    counter.recent.unshift({ outTradeNo, orderNo, channel, amountFen, state, atMs: nowMs });
  }
  if (!unknown) return counter;
  return {
    ...counter,
    unknownCount: 1,
    unknownSumFen: front.amountFen,
    unknownOldestMs: nowMs - 37_000,
  };
}

function health(
  channel: ChannelHealthView["channel"],
  latencyMs: number | null,
): ChannelHealthView {
  const knownAtMs = latencyMs === null ? null : Date.now() - 4_000;
  return { channel, state: "ready", scans: "taken", sinceMs: null, latencyMs, sentence: null, knownAtMs };
}

/** A wallet that answers and lets no reversal in. */
function unproven(): ChannelHealthView {
  const sentence = "the channel answered 403 without its signature";
  return { ...health("wechat", 560), scans: "unproven", sentence };
}

function result(
  state: AttemptState,
  amountFen: number,
  atMs: number,
  tail: number,
  channel: LastView["channel"],
): LastView {
  return {
    outTradeNo: channel === "cash" ? null : `900100010001000000000000441${tail}`,
    orderNo: `12${9 - tail}`,
    channel,
    amountFen,
    state,
    atMs,
  };
}

/** A well-formed code for an address that leads nowhere. */
export const DEMO_CODE: QrView = {
  size: 33,
  content: "https://qr.example.invalid/practice/90010000000000000000004417",
  rows: [
    "111111101001100010011101001111111",
    "100000101010001001001001001000001",
    "101110100111111110001010001011101",
    "101110101101010111111001001011101",
    "101110100001000101111010001011101",
    "100000100101010011110010001000001",
    "111111101010101010101010101111111",
    "000000001101100011001011000000000",
    "101101110001101001110100101001011",
    "010101010110000010111101001101101",
    "101000110100110001000001101111011",
    "110011010101011010010010110101000",
    "011111100101100111111000000011001",
    "010000011110001101111110010001010",
    "101110100100001010010000001011100",
    "110111011010101110000110111101100",
    "001110111101000010101111011011100",
    "000000000010110100001001101011011",
    "010010110001110110100100100110110",
    "010011011000101111010000111010001",
    "110011110010111101001111110101100",
    "100101010100100001010111111101101",
    "001111100010011001101001001100011",
    "011011000011011010010010000000011",
    "101101110010010101000010111110011",
    "000000001101101101011001100011010",
    "111111101111011010011011101010000",
    "100000101010001110101100100011111",
    "101110100101100010000101111110101",
    "101110101111110111100100100101101",
    "101110101011000100100110111101000",
    "100000100010010001101000101111001",
    "111111101001000011110100010011100",
  ],
};
