// What the customer reads, in both languages at once. Never more than what is certain.

import type { AttemptState } from "../bindings/AttemptState";

export interface CustomerSays {
  zh: string;
  en: string;
  /** The small line at the foot. */
  foot: string;
}

/** What stands there before an attempt does. */
export const CUSTOMER = {
  welcome: { zh: "欢迎光临", en: "Welcome", foot: "金额会显示在这里" },
  due: {
    zh: "应付",
    en: "Due",
    how: {
      zh: "请出示付款码",
      en: "Please show your payment code",
      foot: "付款码只给收银员扫，别发给别人",
    },
    /** Where no payment code is taken and a code of ours can be shown. */
    show: {
      zh: "请等收银员出示二维码",
      en: "Please wait for the code to scan",
      foot: "用手机扫这里的码付款",
    },
    cash: {
      zh: "现在不能扫码，请付现金或稍等",
      en: "Codes cannot be taken now; please pay in cash or wait",
      foot: "",
    },
  },
  payee: (store: string) => `付给：${store}`,
  practice: {
    zh: (said: string) => `练习：${said}`,
    en: (said: string) => `Practice: ${said.toLowerCase()}`,
    foot: "这一笔没有动真钱",
  },
  changing: {
    zh: (channel: string) => `正在换成${channel}`,
    en: (channel: string) => `Changing to ${channel}, one moment`,
    foot: "没有码时请不要付款",
  },
  scan: {
    zh: (channel: string) => `${channel}扫一扫`,
    en: (channel: string) => `Open ${channel}, scan this code`,
  },
};

export function customerSays(state: AttemptState, amount: string): CustomerSays {
  switch (state) {
    case "parked":
    case "submitting":
      return { zh: "请稍等", en: "One moment", foot: "还没有扣款结果" };
    case "code":
      return {
        zh: "请稍等，码正在更换",
        en: "One moment, the code is being changed",
        foot: "没有码时请不要付款",
      };
    case "typing":
      return { zh: "请在手机上输密码", en: "Enter your password on the phone", foot: "" };
    case "unknown":
      return { zh: "正在确认，请稍等", en: "Confirming, one moment", foot: "请不要再付一次" };
    case "reversing":
    case "refunding":
      return { zh: "正在撤销", en: "Being reversed", foot: "已扣的钱会原路退回" };
    case "settling":
      return { zh: "未扣款，请稍等", en: "Not charged, one moment", foot: "请不要再付一次" };
    case "paid":
      return { zh: "付款成功", en: "Paid", foot: "谢谢惠顾" };
    case "declined":
      return { zh: "未扣款", en: "Not charged", foot: "可换一种方式，或请收银员再扫一次" };
    case "unreached":
      return {
        zh: "没连上网络，没有扣款",
        en: "No connection, nothing was charged",
        foot: "没有扣钱，不用担心",
      };
    case "closed":
      return {
        zh: "已撤销，没有扣款",
        en: "Reversed, nothing was charged",
        foot: "没有扣钱，不用担心",
      };
    case "returned":
      return {
        zh: `${amount} 已原路退回`,
        en: `${amount} was returned`,
        foot: "请看手机上的退款通知",
      };
    case "held":
      return {
        zh: "请稍等，店员正在处理",
        en: "One moment, the staff are looking into it",
        foot: "请不要再付一次",
      };
  }
}
