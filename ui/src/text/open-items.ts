// What is open: why each thing waits, and what a person can do about it.

import type { AttemptState } from "../bindings/AttemptState";
import type { FoundView } from "../bindings/FoundView";
import type { HeldView } from "../bindings/HeldView";
import type { RefundState } from "../bindings/RefundState";
import type { OpenAct } from "../open-items";
import type { Language } from ".";
import type { Sentence } from "./shape";

/** A sale that is listed has no result yet. */
type Listed = Exclude<AttemptState, "held" | "paid" | "declined" | "unreached" | "closed" | "returned">;

interface OpenItemsText {
  none: Sentence;
  loading: string;
  attempt: Readonly<Record<Listed, Sentence>>;
  /** A sale that has come to its end while it was looked at. */
  ended: Sentence;
  held: Readonly<Record<HeldView, string>>;
  differs(amount: string): string;
  found: Readonly<Record<FoundView, Sentence & { word: string }>>;
  needsManager: Sentence;
  refund: Readonly<Record<RefundState, Sentence & { word: string }>>;
  /** A refund on its way while the channel does not answer. */
  heldUp: Readonly<Record<"sending" | "waiting", Sentence & { word: string }>>;
  act: Readonly<Record<OpenAct, string>>;
  order(orderNo: string): string;
  rest(count: number): string;
}

const zh: OpenItemsText = {
  none: { is: "没有待处理的", todo: "每一单都有结果，退款都办完了" },
  loading: "正在读取",
  attempt: {
    parked: { is: "网络不通，码还没出来", todo: "取回后等网络，或取消" },
    submitting: { is: "已经发出，平台还没回话", todo: "请稍等" },
    typing: { is: "顾客还没确认", todo: "取回后请顾客确认，或取消" },
    code: { is: "顾客还没付", todo: "取回后请顾客扫码，或取消" },
    unknown: { is: "平台没有说收没收到", todo: "还在查；先别交货，别再收" },
    reversing: { is: "撤销还没有结果", todo: "还在查；先别再收" },
    settling: { is: "平台拒了，单号还没作废", todo: "还在查；请稍等" },
    refunding: { is: "收到的钱正在退回", todo: "还在办；请稍等" },
  },
  ended: { is: "已经有结果", todo: "看订单经过" },
  held: {
    amount_differs: "收到的钱和应收不同",
    already_paid: "平台说这个单号早已付过",
    pay_time: "付款时间早于本单",
    clash: "和平台的记录不一致",
  },
  differs: (amount) => `平台收到 ${amount}，和应收不同`,
  found: {
    held: {
      word: "请店长处理",
      is: "这一单要店长决定",
      todo: "别交货、别再收；店长按 {orders} 看经过，对平台账单",
    },
    late_money: {
      word: "钱晚到",
      is: "撤销以后又收到钱，正在退回",
      todo: "店长按 {orders} 看退到没有",
    },
    contradicted: {
      word: "记录不一致",
      is: "平台后来说的和本单结果不同",
      todo: "店长按 {orders} 看经过，对平台账单",
    },
    goods_gone_unpaid: {
      word: "货出没收钱",
      is: "货已交给顾客，这一单没收到钱",
      todo: "店长按 {orders} 看经过，找顾客补",
    },
    returned_by_others: {
      word: "别处退的",
      is: "钱退了，不是本机退的",
      todo: "店长查谁在别处退的",
    },
    recovered: {
      word: "找回的收款",
      is: "平台有这一笔，本机原来没有",
      todo: "店长对当天的货和账",
    },
    copied: {
      word: "来自别的机器",
      is: "别的机器带来的，本机不撤也不退",
      todo: "店长按 {orders} 看经过，和那台机器对",
    },
    refund_held: {
      word: "退款有出入",
      is: "平台用这个退款号退过别的金额",
      todo: "店长按 {orders} 看经过，对平台账单",
    },
  },
  needsManager: { is: "平台不肯答这一单", todo: "请店长看渠道配置" },
  refund: {
    sending: { word: "退款发出中", is: "正在发给平台", todo: "请稍等" },
    waiting: { word: "等平台退款", is: "平台已收下，还没确认", todo: "请稍等" },
    confirmed: { word: "已退", is: "钱已退回", todo: "看订单经过" },
    refused: { word: "退款被拒", is: "平台不退，钱没有动", todo: "请店长看经过" },
    wedged: { word: "退款没成", is: "商户余额不足，钱没有退", todo: "请店长充值，再退一次" },
    held: { word: "请店长处理", is: "平台用这个退款号退过别的金额", todo: "请店长对平台账单" },
  },
  heldUp: {
    sending: { word: "退款待发", is: "平台没有应答，等网络", todo: "网络通了自动发出，不用重做" },
    waiting: { word: "等平台退款", is: "平台没有应答，等网络", todo: "网络通了自动再问，不用重做" },
  },
  act: { bring_back: "取回", history: "看经过", try_again: "再退一次", settle: "办好了" },
  order: (orderNo) => `订单 ${orderNo}`,
  rest: (count) => `还有 ${count} 笔更晚的没有列出；先处理上面的`,
};

const en: OpenItemsText = {
  none: { is: "Nothing is open", todo: "Every sale has its result, every refund is done" },
  loading: "Reading",
  attempt: {
    parked: { is: "No network, no code yet", todo: "Bring it back and wait, or cancel" },
    submitting: { is: "It has left; no answer yet", todo: "One moment" },
    typing: {
      is: "The customer has not confirmed",
      todo: "Bring it back and have it confirmed, or cancel",
    },
    code: { is: "The customer has not paid", todo: "Bring it back to be scanned, or cancel" },
    unknown: {
      is: "The channel has not said whether it was paid",
      todo: "It is still asked; keep the goods, charge nothing again",
    },
    reversing: {
      is: "The reversal has no result yet",
      todo: "It is still asked; charge nothing again",
    },
    settling: {
      is: "Declined, and the number is not dead yet",
      todo: "It is still asked; one moment",
    },
    refunding: { is: "What was paid is on its way back", todo: "It goes on; one moment" },
  },
  ended: { is: "It has its result", todo: "See its history" },
  held: {
    amount_differs: "Another amount was paid than was due",
    already_paid: "The channel says that the number was paid long ago",
    pay_time: "It was paid before this sale began",
    clash: "The channel’s record is another one",
  },
  differs: (amount) => `The channel took ${amount}, which was not due`,
  found: {
    held: {
      word: "Call the manager",
      is: "The manager must decide",
      todo: "Keep the goods, charge nothing; manager: compare {orders} with the channel’s list",
    },
    late_money: {
      word: "Late money",
      is: "Paid after it was reversed; it goes back",
      todo: "Manager: {orders}, see that it went back",
    },
    contradicted: {
      word: "Records differ",
      is: "The channel now says otherwise",
      todo: "Manager: compare {orders} with the channel’s list",
    },
    goods_gone_unpaid: {
      word: "Goods unpaid",
      is: "The goods are gone and nothing was paid",
      todo: "Manager: {orders} for its history, find the customer",
    },
    returned_by_others: {
      word: "Refunded elsewhere",
      is: "It went back, and not from this till",
      todo: "Manager: find out who refunded it",
    },
    recovered: {
      word: "Found again",
      is: "The channel has it, this till had not",
      todo: "Manager: compare with that day’s goods",
    },
    copied: {
      word: "Another machine’s",
      is: "From another machine; nothing goes back here",
      todo: "Manager: compare {orders} with that till’s",
    },
    refund_held: {
      word: "Refund differs",
      is: "A refund’s number gave back another amount",
      todo: "Manager: compare {orders} with the channel’s list",
    },
  },
  needsManager: {
    is: "The channel refuses to speak of it",
    todo: "Have the manager check the channel’s file",
  },
  refund: {
    sending: { word: "Refund leaving", is: "On its way to the channel", todo: "One moment" },
    waiting: { word: "Refund waits", is: "Taken, not confirmed yet", todo: "One moment" },
    confirmed: { word: "Refunded", is: "The money is back", todo: "See its history" },
    refused: {
      word: "Refund refused",
      is: "The channel refused; no money moved",
      todo: "Have the manager see its history",
    },
    wedged: {
      word: "Not refunded",
      is: "The shop’s balance is too low; no money moved",
      todo: "Have the manager top it up, then try again",
    },
    held: {
      word: "Call the manager",
      is: "This refund’s number gave back another amount",
      todo: "The manager compares it with the channel’s list",
    },
  },
  heldUp: {
    sending: {
      word: "Refund waits",
      is: "The channel does not answer; it waits for the network",
      todo: "It goes out when the network is back; do nothing twice",
    },
    waiting: {
      word: "Waits for the channel",
      is: "The channel does not answer; it waits for the network",
      todo: "It is asked when the network is back; do nothing twice",
    },
  },
  act: { bring_back: "Bring back", history: "History", try_again: "Refund again", settle: "Settled" },
  order: (orderNo) => `Order ${orderNo}`,
  rest: (count) => `${count} later ones are not listed; settle these first`,
};

export const OPEN_ITEMS: Readonly<Record<Language, OpenItemsText>> = { zh, en };
