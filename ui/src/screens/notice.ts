// What a key was answered, as one sentence.

import { answerOf } from "../asking";
import type { AnswerName } from "../asking";
import type { AttemptView } from "../bindings/AttemptView";
import type { ChannelHealthView } from "../bindings/ChannelHealthView";
import type { CounterView } from "../bindings/CounterView";
import type { Report } from "../bindings/Report";
import type { ResultView } from "../bindings/ResultView";
import type { Asked, Notice } from "../hand";
import { walletsOf } from "../health";
import { yuan } from "../money";
import { saidOf } from "../plate";
import type { Text } from "../text";
import { anyOf, joined, withKeys, withWallets } from "../text/sentence";
import type { Sentence } from "../text/shape";
import { clockTime, dayTime, secondsLeft } from "../time";

/** A channel has 5 s for an answer; one more, and the answer is that there is none. */
const NO_ANSWER_MS = 6_000;

type CashBill = Extract<Notice, { kind: "cash_bill" }>;

export function sentenceOf(
  notice: Notice | null,
  view: CounterView,
  t: Text,
  nowMs: number,
): string | null {
  if (view.practiceEndsAtMs !== null) return endsSoon(view.practiceEndsAtMs, t, nowMs);
  if (notice === null) return null;
  switch (notice.kind) {
    case "hint":
      return withKeys(joined(t.hint[notice.hint], t.join.hint), view.settings.keys);
    case "report":
      return withKeys(reported(notice.report, view, t), view.settings.keys);
    case "cash_bill":
      return withKeys(joined(cashBill(notice, t, nowMs), t.join.hint), view.settings.keys);
    case "ended_bill":
      return withKeys(joined(endedBill(notice.ended, t, nowMs), t.join.hint), view.settings.keys);
    case "asked":
      return answered(notice.about, view, t, nowMs);
  }
}

/** A report with the wallet that it is about, and what can be used instead. */
function reported({ code, channel }: Report, view: CounterView, t: Text): string {
  const wallets = walletsOf(view.channels);
  const others = wallets.filter((one) => one.state === "ready" && one.channel !== channel);
  const names = (of: readonly ChannelHealthView[]): string[] => of.map((one) => t.channel[one.channel]);
  return withWallets(joined(t.report[code], t.join.report), {
    channel: channel === undefined ? t.wallet : t.channel[channel],
    others: anyOf([...names(others), t.silent.cash], t.silent),
    wallets: anyOf(names(wallets), t.silent),
  });
}

/** Steps of ten seconds, so that nobody is read a number every second. */
function endsSoon(endsAtMs: number, t: Text, nowMs: number): string {
  const seconds = Math.max(1, Math.ceil(secondsLeft(endsAtMs, nowMs) / 10)) * 10;
  return joined(t.practice.ends(seconds), t.join.hint);
}

/** Names the answer a notice gives, where it gives one about a single attempt. */
export function answerName(
  notice: Notice | null,
  view: CounterView,
  nowMs: number,
): AnswerName | null {
  if (notice?.kind !== "asked") return null;
  const [only, ...more] = notice.about;
  if (only === undefined || more.length > 0) return null;
  const attempt = attemptOf(only, view);
  if (attempt === null) return null;
  if (!unanswered(only, attempt)) return answerOf(attempt);
  return isGivenUp(only, nowMs) ? "not_known" : null;
}

function cashBill(bill: CashBill, t: Text, nowMs: number): Sentence {
  const { orderNo, amountFen, refundedFen, atMs } = bill;
  const back = refundedFen === 0 ? null : yuan(refundedFen);
  const at = dayTime(atMs, nowMs);
  const { is, part, all } = t.cashBill;
  if (refundedFen >= amountFen) return all(orderNo, yuan(amountFen), at);
  return back === null ? is(orderNo, yuan(amountFen), at) : part(orderNo, yuan(amountFen), at, back);
}

function endedBill(ended: ResultView, t: Text, nowMs: number): Sentence {
  const { orderNo, amountFen, state, atMs } = ended;
  const at = dayTime(atMs, nowMs);
  if (state === "paid") return t.endedBill.paid(orderNo, yuan(amountFen), at);
  return t.endedBill.unpaid(orderNo, yuan(amountFen), at, t.short[state]);
}

function answered(about: readonly Asked[], view: CounterView, t: Text, nowMs: number): string {
  const answers = about.map((asked) => answer(asked, about.length > 1, view, t, nowMs));
  return answers.join(" | ");
}

function answer(
  asked: Asked,
  named: boolean,
  view: CounterView,
  t: Text,
  nowMs: number,
): string {
  const attempt = attemptOf(asked, view);
  if (attempt === null) return joined(t.hint.asking, t.join.hint);
  const channel = t.channel[attempt.channel];
  let said = t.noAnswer(clockTime(asked.atMs ?? nowMs), channel);
  if (!unanswered(asked, attempt)) {
    const at = clockTime(attempt.endedAtMs ?? attempt.askedAtMs ?? attempt.startedAtMs);
    said = t.answer(at, channel, saidOf(attempt, t, nowMs));
  } else if (!isGivenUp(asked, nowMs)) {
    return joined(t.hint.asking, t.join.hint);
  }
  return named ? `${yuan(attempt.amountFen)} ${said}` : said;
}

function attemptOf({ outTradeNo }: Asked, { front, aside }: CounterView): AttemptView | null {
  return [front, ...aside].find((attempt) => attempt?.outTradeNo === outTradeNo) ?? null;
}

function isGivenUp({ atMs }: Asked, nowMs: number): boolean {
  return atMs !== null && nowMs - atMs > NO_ANSWER_MS;
}

/** Whether the channel has not been heard since the question. */
function unanswered({ beforeMs }: Asked, { askedAtMs, endedAtMs }: AttemptView): boolean {
  return endedAtMs === null && (askedAtMs === null || askedAtMs === beforeMs);
}
