// The actions of each state, in the places where keys stood.

import type { AttemptView } from "../bindings/AttemptView";
import type { Act } from "../parts/Acts.vue";
import type { Text } from "../text";

export function waitingActs(attempt: AttemptView, t: Text): Act[] {
  return [
    aside(attempt.canPutAside, t),
    history(t),
    {
      stroke: { kind: "minus" },
      icon: "cross",
      shortcut: "−",
      word: t.act.cancel,
      sub: attempt.canCancel ? t.act.cancelSub : t.act.cancelOff,
      shape: "wide",
      off: !attempt.canCancel,
    },
    {
      stroke: { kind: "ask" },
      icon: "search",
      shortcut: "/",
      word: t.act.ask,
      sub: askSub(attempt, t),
      shape: "first",
      off: !attempt.canAskAgain,
    },
  ];
}

/** A held attempt leaves the screen only by its own key: the next digit must not wave it off. */
export function heldActs(attempt: AttemptView, t: Text): Act[] {
  return [
    aside(true, t),
    history(t),
    {
      stroke: { kind: "ask" },
      icon: "search",
      shortcut: "/",
      word: t.act.askAgain,
      sub: askSub(attempt, t),
      shape: "wide",
      off: !attempt.canAskAgain,
    },
  ];
}

export function questionActs(t: Text): Act[] {
  return [
    {
      stroke: { kind: "minus" },
      icon: "cross",
      shortcut: "−",
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

function aside(can: boolean, t: Text): Act {
  return {
    stroke: { kind: "aside" },
    icon: "aside",
    shortcut: "F6",
    word: t.act.aside,
    sub: can ? "" : t.act.off,
    shape: "half",
    off: !can,
  };
}

/** What asking would do, or why it cannot be done. */
function askSub(attempt: AttemptView, t: Text): string {
  if (attempt.canAskAgain) return t.act.askSub(t.channel[attempt.channel]);
  if (attempt.state === "parked") return t.act.askParked;
  return attempt.state === "held" ? t.act.askHeld : t.act.askOff;
}

function history(t: Text): Act {
  return {
    stroke: { kind: "orders" },
    icon: "list",
    shortcut: "F3",
    word: t.act.history,
    sub: "",
    shape: "half",
    off: false,
  };
}
