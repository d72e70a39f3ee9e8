// What stands around a receipt, in both languages. The receipt itself is Chinese and the till's.
// Apart from the other sentences, because it is loaded with its screen.

import type { Language } from "./index";
import type { Sentence } from "./shape";

export interface ReceiptText {
  title: string;
  order: (orderNo: string) => string;
  /** Stands on every print but the first. */
  reprint: string;
  barcode: string;
  back: string;
  loading: Sentence;
  /** Never printed, printed before, just written. */
  fresh: Sentence;
  again: Sentence;
  written: Sentence;
  folder: string;
  file: string;
  print: string;
  printSub: string;
  printAgain: string;
  printAgainSub: string;
  busy: string;
  off: string;
}

export const RECEIPT: Readonly<Record<Language, ReceiptText>> = {
  zh: {
    title: "小票",
    order: (orderNo) => `订单 ${orderNo}`,
    reprint: "补打",
    barcode: "条码",
    back: "返回",
    loading: { is: "正在读取小票", todo: "请稍等" },
    fresh: { is: "还没有打印过", todo: "按 Enter 写成 PDF" },
    again: { is: "打印过", todo: "再打一张会标补打" },
    written: { is: "PDF 已写好", todo: "打开这个文件，打印给顾客" },
    folder: "文件夹",
    file: "文件",
    print: "写成 PDF",
    printSub: "80 毫米小票，带条码",
    printAgain: "再打一张",
    printAgainSub: "会标补打",
    busy: "正在写",
    off: "还没有小票",
  },
  en: {
    title: "Receipt",
    order: (orderNo) => `Order ${orderNo}`,
    reprint: "Reprint",
    barcode: "Barcode",
    back: "Back",
    loading: { is: "Reading the receipt", todo: "One moment" },
    fresh: { is: "Not printed yet", todo: "Press Enter to write a PDF" },
    again: { is: "Printed before", todo: "Another is marked 补打 (reprint)" },
    written: { is: "The PDF is written", todo: "Open this file and print it for the customer" },
    folder: "Folder",
    file: "File",
    print: "Write a PDF",
    printSub: "80 mm, with its barcode",
    printAgain: "Print again",
    printAgainSub: "Marked 补打 (reprint)",
    busy: "Writing",
    off: "No receipt yet",
  },
};
