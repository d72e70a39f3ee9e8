// A receipt as the till would compose it, for the demo and the tests. Not part of the app.

import type { ReceiptView } from "./bindings/ReceiptView";

const RULE = "-".repeat(48);

/** Returns an order's receipt after so many prints. */
export function receiptIn(orderNo: string, prints: number): ReceiptView {
  const mark = prints === 0 ? [] : [`              【补打】第 ${prints + 1} 次打印`];
  return {
    lines: [
      "             好邻居便利店 文三路店",
      "                     2 号台",
      ...mark,
      RULE,
      `单号 ${orderNo.padEnd(24)}2026-11-21 10:02:21`,
      "应收                                      ¥28.00",
      "支付宝 2026-11-21 10:02:33                ¥28.00",
      "商户单号 9001000100010000000000004411",
      "平台单号 2026112122001400551400000001",
      RULE,
      "实收                                      ¥28.00",
      RULE,
      "打印时间 2026-11-21 10:03:21",
      "请保管好小票，退款时出示",
    ],
    barcode: "9001000100010000000000004411",
    reprint: prints > 0,
  };
}
