// The lines of what the till relies on, in both languages: read with their screen, which no sale
// needs.

import type { BackupState } from "../bindings/BackupState";
import type { ClockState } from "../bindings/ClockState";
import type { DiskState } from "../bindings/DiskState";
import type { HearingState } from "../bindings/HearingState";
import type { WaitingKind } from "../bindings/WaitingKind";
import type { SoundState, TileState } from "../health";
import type { Language } from "./index";
import type { Sentence } from "./shape";

interface Relied {
  name: Record<"hearing" | "disk" | "clock" | "backup" | "sound", string>;
  channel: Record<TileState, Sentence>;
  hearing: Record<HearingState, Sentence>;
  /** Where the relay is. */
  way: Record<"embedded" | "standalone", string>;
  /** How soon payments were seen. */
  seen: Record<"byNotice" | "byAsking", (seconds: string, count: number) => string>;
  disk: Record<DiskState, Sentence>;
  clock: Record<ClockState, Sentence>;
  backup: Record<BackupState, Sentence>;
  sound: Record<SoundState, Sentence>;
  since(at: string, is: string): string;
  latency(seconds: string): string;
  free(size: string): string;
  shows(machine: string): string;
  clocks(machine: string, channel: string): string;
  known(at: string): string;
  waiting: Waiting;
}

/** What waits to go out, or for a result. */
interface Waiting {
  name: Record<"sales" | "refunds" | "asks", string>;
  is: Record<WaitingKind, (count: number) => string>;
  /** What to do while it goes out; while it does and sales are taken. */
  todo: Record<"goes" | "goes_and_sells", string>;
  /** What to do while these wallets do not answer. */
  stands(wallets: string): string;
  /** The same where none is silent and one is not ready. */
  network: string;
  /** What to do about sales that nobody knows of. */
  sales: string;
  person: string;
  open: string;
  next(at: string): string;
  soon: string;
  about(minutes: number): string;
}

const zh: Relied = {
  name: { hearing: "到账通知", disk: "磁盘", clock: "时间", backup: "备份", sound: "声音" },
  channel: {
    ready: { is: "正常", todo: "" },
    proving: { is: "正在核对", todo: "请稍等" },
    silent: { is: "没有应答", todo: "先用别的，或看网络" },
    misconfigured: { is: "配置不对", todo: "请店长处理" },
    full: { is: "未完的单太多", todo: "先等结果" },
    unproven: {
      is: "付款码暂停收：撤销没有试通",
      todo: "先出示码收；请实施人员查渠道文件里的 certificate_file：是不是本商户的、过期没有",
    },
  },
  hearing: {
    asking: { is: "没有中继，靠查询", todo: "" },
    connecting: { is: "正在连中继", todo: "请稍等" },
    listening: { is: "已连上中继", todo: "" },
    silent: { is: "连不上中继，改为查询", todo: "照常收款，结果最多晚几秒" },
    refused: { is: "中继不认本台，改为查询", todo: "照常收款；请实施人员核对 till、key_id 和 key_file" },
    strange: { is: "那个地址不是中继，改为查询", todo: "照常收款；请实施人员核对 address" },
    wrong_file: { is: "中继设置文件不能用，改为查询", todo: "照常收款；请实施人员改好再重开本程序" },
    not_started: { is: "本程序内的中继没有启动，改为查询", todo: "照常收款；请实施人员看下面的原因，再重开本程序" },
  },
  way: { embedded: "中继在本程序内", standalone: "中继在别处" },
  seen: {
    byNotice: (seconds, count) => `付款到显示：通知 ${seconds} 秒（近 ${count} 笔）`,
    byAsking: (seconds, count) => `付款到显示：查询 ${seconds} 秒（近 ${count} 笔）`,
  },
  disk: {
    unknown: { is: "还没看过", todo: "请稍等" },
    good: { is: "能写，够用", todo: "" },
    low: { is: "快满了", todo: "请清出空间；满了就不能收款" },
    full: { is: "满了，不能收款", todo: "请清出空间" },
    read_only: { is: "不能写，已停止收款", todo: "请店长处理" },
    failing: { is: "读写出错", todo: "请店长处理，尽快换盘" },
    damaged: { is: "数据文件有损坏，已停止收款", todo: "请店长处理，不要删除文件" },
  },
  clock: {
    unknown: { is: "还没有平台时间可比", todo: "请稍等" },
    good: { is: "和平台一致", todo: "" },
    wrong: { is: "电脑时间不对", todo: "请校准电脑时间，再重开本程序" },
  },
  backup: {
    good: { is: "已备份", todo: "" },
    soon: { is: "马上备第一份", todo: "请稍等" },
    unset: { is: "没有备份盘", todo: "请实施人员在门店文件里写 backup_folder" },
    failed: { is: "这一次没备成，几分钟后再试", todo: "请看备份盘插好没有" },
    late: { is: "两小时没有备份", todo: "请检查备份盘" },
    stopped: { is: "数据有损坏，不再备份", todo: "旧备份别动，请店长处理" },
    practice: { is: "练习的账不备份", todo: "" },
  },
  sound: {
    works: { is: "有声音设备", todo: "" },
    off: { is: "门店设为不出声", todo: "" },
    none: { is: "没有声音设备，结果看屏幕闪边", todo: "请接好音箱，打开音量" },
  },
  since: (at, is) => `${at} 起${is}`,
  latency: (seconds) => `${seconds} 秒应答`,
  free: (size) => `还剩 ${size}`,
  shows: (machine) => `电脑 ${machine}`,
  clocks: (machine, channel) => `电脑 ${machine}，平台 ${channel}`,
  known: (at) => `${at} 得知`,
  waiting: {
    name: { sales: "收款", refunds: "退款", asks: "核对" },
    is: { refunds: (count) => `${count} 笔待发`, asks: (count) => `${count} 笔旧单待核对` },
    todo: {
      goes: "正在自动发出，不用重做",
      goes_and_sells: "正在自动发出，不用重做；照常收款，收款优先",
    },
    stands: (wallets) => `${wallets}有应答就自动发出，不用重做`,
    network: "网络通了自动发出，不用重做",
    sales: "系统一直在查；没有结果前别重收",
    person: "逐笔处理",
    open: "去处理",
    next: (at) => `下次 ${at} 再试`,
    soon: "1 分钟内发完",
    about: (minutes) => `约 ${minutes} 分钟发完`,
  },
};

const en: Relied = {
  name: { hearing: "Notices", disk: "Disk", clock: "Clock", backup: "Copies", sound: "Sound" },
  channel: {
    ready: { is: "Answers", todo: "" },
    proving: { is: "Being checked", todo: "One moment" },
    silent: { is: "No answer", todo: "Use another, or check the network" },
    misconfigured: { is: "Set up wrongly", todo: "Call the manager" },
    full: { is: "Too many open sales", todo: "Wait for results" },
    unproven: {
      is: "No scans: its reversal is not let in",
      todo: "Show its code; have certificate_file in its channel file checked: this merchant’s, not expired",
    },
  },
  hearing: {
    asking: { is: "No relay; the till asks", todo: "" },
    connecting: { is: "Calling the relay", todo: "One moment" },
    listening: { is: "The relay is reached", todo: "" },
    silent: {
      is: "The relay is not reached; the till asks",
      todo: "Sell as usual; results come seconds later at most",
    },
    refused: {
      is: "The relay does not know this till; the till asks",
      todo: "Sell as usual; have till, key_id and key_file checked",
    },
    strange: {
      is: "What answers there is no relay; the till asks",
      todo: "Sell as usual; have address checked",
    },
    wrong_file: {
      is: "The file about the relay cannot be used; the till asks",
      todo: "Sell as usual; have it mended, then start Mianfu again",
    },
    not_started: {
      is: "The relay in this program did not start; the till asks",
      todo: "Sell as usual; have what stands below mended, then start Mianfu again",
    },
  },
  way: { embedded: "A relay in this program", standalone: "A relay elsewhere" },
  seen: {
    byNotice: (seconds, count) => `paid to shown ${seconds} s by notice (last ${count})`,
    byAsking: (seconds, count) => `paid to shown ${seconds} s by asking (last ${count})`,
  },
  disk: {
    unknown: { is: "Not looked at yet", todo: "One moment" },
    good: { is: "Can be written, room enough", todo: "" },
    low: { is: "Almost full", todo: "Free some space; a full disk takes no sale" },
    full: { is: "Full, charging stopped", todo: "Free some space" },
    read_only: { is: "Cannot be written, charging stopped", todo: "Call the manager" },
    failing: { is: "It fails", todo: "Call the manager; have it replaced soon" },
    damaged: {
      is: "The database is damaged, charging stopped",
      todo: "Call the manager; delete nothing",
    },
  },
  clock: {
    unknown: { is: "No channel has said the time yet", todo: "One moment" },
    good: { is: "As the channel’s", todo: "" },
    wrong: { is: "This computer’s clock is wrong", todo: "Set it, then start Mianfu again" },
  },
  backup: {
    good: { is: "Copied", todo: "" },
    soon: { is: "The first copy is about to be made", todo: "One moment" },
    unset: {
      is: "No second disk is named",
      todo: "Have backup_folder set in the store’s file",
    },
    failed: {
      is: "The last copy failed, the next try is in minutes",
      todo: "See whether the second disk is there",
    },
    late: { is: "No copy for two hours", todo: "Check the second disk" },
    stopped: {
      is: "The database is damaged, no more copies",
      todo: "Keep the old copies; call the manager",
    },
    practice: { is: "Practice is not copied", todo: "" },
  },
  sound: {
    works: { is: "There is a device", todo: "" },
    off: { is: "The store wants none", todo: "" },
    none: { is: "No device; results flash on the screen", todo: "Connect a speaker and turn it up" },
  },
  since: (at, is) => `${is} since ${at}`,
  latency: (seconds) => `in ${seconds} s`,
  free: (size) => `${size} left`,
  shows: (machine) => `This computer ${machine}`,
  clocks: (machine, channel) => `This computer ${machine}, the channel ${channel}`,
  known: (at) => `Known at ${at}`,
  waiting: {
    name: { sales: "Sales", refunds: "Refunds", asks: "Checks" },
    is: {
      refunds: (count) => `${count} waiting to go out`,
      asks: (count) => (count === 1 ? "1 ended sale to check" : `${count} ended sales to check`),
    },
    todo: {
      goes: "Going out by themselves; do nothing twice",
      goes_and_sells: "Going out by themselves; do nothing twice; sell as usual, sales go first",
    },
    stands: (wallets) => `They go out once ${wallets} answers; do nothing twice`,
    network: "They go out when the network is back; do nothing twice",
    sales: "The till keeps asking; do not charge again before it knows",
    person: "See to them one by one",
    open: "See to them",
    next: (at) => `Next try at ${at}`,
    soon: "Done in under a minute",
    about: (minutes) => `Done in about ${minutes} min`,
  },
};

export const RELIED: Readonly<Record<Language, Relied>> = { zh, en };
