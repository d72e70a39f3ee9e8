// The actions of each state, in the places where keys stood.

import type { AttemptView } from "../bindings/AttemptView";
import type { KeyView } from "../bindings/KeyView";
import type { Act } from "../parts/Acts.vue";
import { keyOf } from "../strokes";
import type { Text } from "../text";

/** Keys that the store has moved. */
type Keys = readonly KeyView[];

export function waitingActs(attempt: AttemptView, t: Text, keys: Keys): Act[] {
  return [
    aside(attempt.canPutAside, t, keys),
    history(t, keys),
    ...(attempt.canWaitLonger ? [waitLonger(t)] : []),
    cash(attempt, t, keys),
    goods(attempt, t),
    ...change(attempt, t, keys),
    {
      stroke: { kind: "minus" },
      icon: "cross",
      shortcut: keyOf("cancel", keys),
      word: t.act.cancel,
      sub: attempt.canCancel ? t.act.cancelSub : t.act.cancelOff,
      shape: "wide",
      off: !attempt.canCancel,
    },
    {
      stroke: { kind: "ask" },
      icon: "search",
      shortcut: keyOf("ask", keys),
      word: t.act.ask,
      sub: askSub(attempt, t),
      shape: "first",
      off: !attempt.canAskAgain,
    },
  ];
}

/** A held attempt leaves the screen only by its own key: the next digit must not wave it off. */
export function heldActs(attempt: AttemptView, t: Text, keys: Keys): Act[] {
  return [
    aside(true, t, keys),
    history(t, keys),
    cash(attempt, t, keys),
    goods(attempt, t),
    {
      stroke: { kind: "ask" },
      icon: "search",
      shortcut: keyOf("ask", keys),
      word: t.act.askAgain,
      sub: askSub(attempt, t),
      shape: "wide",
      off: !attempt.canAskAgain,
    },
  ];
}

export function questionActs(t: Text, keys: Keys): Act[] {
  return [
    {
      stroke: { kind: "minus" },
      icon: "cross",
      shortcut: keyOf("cancel", keys),
      word: t.question.drop,
      sub: "",
      shape: "wide",
      off: false,
    },
    {
      stroke: { kind: "plus" },
      icon: "person",
      shortcut: "+",
      word: t.question.another,
      sub: t.question.anotherSub,
      shape: "wide",
      off: false,
    },
    {
      stroke: { kind: "enter" },
      icon: "search",
      shortcut: "Enter",
      word: t.question.same,
      sub: t.question.sameSub,
      shape: "first",
      off: false,
    },
  ];
}

/** Enter confirms a large amount; the other key goes back to it. */
export function largeActs(t: Text, keys: Keys): Act[] {
  return [
    {
      stroke: { kind: "minus" },
      icon: "back",
      shortcut: keyOf("cancel", keys),
      word: t.large.no,
      sub: "",
      shape: "wide",
      off: false,
    },
    {
      stroke: { kind: "enter" },
      icon: "scan",
      shortcut: "Enter",
      word: t.large.yes,
      sub: "",
      shape: "first",
      off: false,
    },
  ];
}

export function closeActs(t: Text): Act[] {
  return [
    {
      stroke: { kind: "plus" },
      icon: "cross",
      shortcut: "+",
      word: t.close.anyway,
      sub: t.close.anywaySub,
      shape: "wide",
      off: false,
    },
    {
      stroke: { kind: "enter" },
      icon: "back",
      shortcut: "Enter",
      word: t.close.stay,
      sub: "",
      shape: "first",
      off: false,
    },
  ];
}

function aside(can: boolean, t: Text, keys: Keys): Act {
  return {
    stroke: { kind: "aside" },
    icon: "aside",
    shortcut: keyOf("aside", keys),
    word: t.act.aside,
    sub: can ? "" : t.act.off,
    shape: "half",
    off: !can,
  };
}

function waitLonger(t: Text): Act {
  return {
    stroke: { kind: "plus" },
    icon: "clock",
    shortcut: "+",
    word: t.act.wait,
    sub: t.act.waitSub,
    shape: "wide",
    off: false,
  };
}

/** Another wallet's code in the place of the one that stands. */
function change({ channel, changeTo, changingTo }: AttemptView, t: Text, keys: Keys): Act[] {
  const to = changeTo ?? changingTo;
  if (to === null) return [];
  return [
    {
      stroke: { kind: "star" },
      icon: "scan",
      shortcut: keyOf("show", keys),
      word: t.act.change(t.channel[to]),
      sub: changingTo === null ? t.act.changeSub(t.channel[channel]) : t.act.changing,
      shape: "wide",
      off: changingTo !== null,
    },
  ];
}

function cash({ canTakeCash }: AttemptView, t: Text, keys: Keys): Act {
  return {
    stroke: { kind: "cash" },
    icon: "cash",
    shortcut: keyOf("cash", keys),
    word: t.act.cash,
    sub: canTakeCash ? "" : t.act.cashOff,
    shape: "half",
    off: !canTakeCash,
  };
}

function goods({ canGiveGoods, goodsGone }: AttemptView, t: Text): Act {
  const off = goodsGone ? t.act.goodsDone : t.act.goodsOff;
  return {
    stroke: { kind: "goods" },
    icon: "bag_yes",
    shortcut: "F4",
    word: t.act.goods,
    sub: canGiveGoods ? t.act.goodsSub : off,
    shape: "half",
    off: !canGiveGoods,
  };
}

/** What asking would do, or why it cannot be done. */
function askSub(attempt: AttemptView, t: Text): string {
  if (attempt.canAskAgain) return t.act.askSub(t.channel[attempt.channel]);
  if (attempt.state === "parked") return t.act.askParked;
  return attempt.state === "held" ? t.act.askHeld : t.act.askOff;
}

function history(t: Text, keys: Keys): Act {
  return {
    stroke: { kind: "orders" },
    icon: "list",
    shortcut: keyOf("orders", keys),
    word: t.act.history,
    sub: "",
    shape: "half",
    off: false,
  };
}
