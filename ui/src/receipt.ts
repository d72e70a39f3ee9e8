// A receipt on the screen: the text that the next print will have, and after a print the text that
// is on the paper and where that lies.
//
// Reading counts nothing; writing the PDF is the print. A print that failed keeps the text in
// sight, and what the till then says of the next one: a counted print makes the next a 补打.

import { reactive } from "vue";
import type { ReceiptFile } from "./bindings/ReceiptFile";
import type { ReceiptView } from "./bindings/ReceiptView";
import type { Report } from "./bindings/Report";
import { reportOf } from "./host";
import type { Host } from "./host";

export interface Slip {
  receipt: ReceiptView | null;
  /** Where the last print lies; none before it and after one that failed. */
  file: ReceiptFile | null;
  busy: boolean;
  /** Why it could not be read. */
  unread: Report | null;
  /** Why the last print failed. */
  unwritten: Report | null;
}

export interface Slips {
  readonly slip: Readonly<Slip>;
  /** Reads what the next print would be; after a print the text stays as it is on the paper. */
  read(): Promise<void>;
  print(): Promise<void>;
}

export function slipOf(host: Host, orderNo: string): Slips {
  const slip = reactive<Slip>({
    receipt: null,
    file: null,
    busy: false,
    unread: null,
    unwritten: null,
  });

  async function read(): Promise<void> {
    if (slip.busy || slip.file !== null) return;
    try {
      const receipt = await host.receipt({ orderNo });
      if (slip.file === null) slip.receipt = receipt;
      slip.unread = null;
    } catch (rejection) {
      slip.unread = reportOf(rejection);
    }
  }

  async function print(): Promise<void> {
    if (slip.busy) return;
    if (slip.receipt === null) return read();
    slip.busy = true;
    slip.unwritten = null;
    try {
      slip.file = await host.receiptPdf({ orderNo });
      slip.receipt = slip.file.receipt;
      slip.busy = false;
    } catch (rejection) {
      slip.unwritten = reportOf(rejection);
      slip.file = null;
      slip.busy = false;
      await read();
    }
  }

  return { slip, read, print };
}

/** Letters of a line that are as wide as each other. */
export interface Run {
  text: string;
  columns: number;
  wide: boolean;
}

/** Parts a line where letters of one column meet letters of two, as the till counts columns. */
export function runsOf(line: string): Run[] {
  const runs: Run[] = [];
  for (const letter of line) {
    const wide = (letter.codePointAt(0) ?? 0) > 0xff;
    const columns = wide ? 2 : 1;
    const last = runs.at(-1);
    if (last?.wide === wide) {
      last.text += letter;
      last.columns += columns;
    } else {
      runs.push({ text: letter, columns, wide });
    }
  }
  return runs;
}
