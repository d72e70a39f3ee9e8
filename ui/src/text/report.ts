// Why a command did nothing, and what to do: one sentence for each code of a report.
// `{channel}` is the wallet that it is about, `{others}` what can be used instead, `{wallets}` the
// wallets of the till.

import type { ReportCode } from "../bindings/ReportCode";
import type { Sentence } from "./shape";

type Reports = Readonly<Record<ReportCode, Sentence>>;

export const REPORT: Readonly<Record<"zh" | "en", Reports>> = {
  zh: {
    bad_amount: { is: "金额不对", todo: "先输金额，最少 ¥0.01" },
    above_limit: { is: "超出单笔限额", todo: "分几笔收，或请店长处理" },
    not_a_payment_code: { is: "这不是付款码", todo: "请顾客打开{wallets}的付款码再扫" },
    product_barcode: { is: "扫到的是商品条码", todo: "请扫顾客手机上的付款码" },
    receive_code: { is: "这是收款码，不是付款码", todo: "请顾客点“付款”，出示付款码" },
    web_address: { is: "这是网址，不是付款码", todo: "请顾客点“付款”，出示付款码" },
    member_card: { is: "这像是会员卡，不是付款码", todo: "请扫顾客手机上的付款码" },
    own_receipt: { is: "这是小票上的单号，不是付款码", todo: "请扫付款码；查这一单按 {cancel} 再扫" },
    codes_run_together: { is: "几个码连在一起了", todo: "只对准一个付款码，再扫一次" },
    scan_too_long: { is: "扫到的内容太长，不是付款码", todo: "请扫顾客手机上的付款码" },
    wide_digits: { is: "输入法把数字变成了全角", todo: "关掉中文输入法，再扫一次" },
    truncated_code: { is: "没有扫全", todo: "请再扫一次" },
    union_pay_code: { is: "这是云闪付的码，收不了", todo: "请用{others}" },
    wallet_not_here: { is: "本机没有开通{channel}", todo: "请用{others}" },
    code_already_used: { is: "这个付款码刚用过", todo: "请顾客刷新付款码再扫" },
    attempt_open: { is: "上一笔还没有结果", todo: "先等结果，或按 {aside} 放一旁" },
    channel_not_ready: { is: "{channel}还没准备好", todo: "稍等几秒再收，或用{others}" },
    scans_unproven: { is: "{channel}的付款码暂停收，没有扣款", todo: "按 {show} 出示{channel}码，或用{others}；原因看状态" },
    offline: { is: "网络不通，没有收款", todo: "查网络；急可收现金" },
    breaker_open: { is: "{channel}没有应答，暂停新收款", todo: "请用{others}；未完的单会继续查" },
    too_many_open: { is: "没有结果的单太多，暂停新收款", todo: "先等结果，或收现金" },
    outdated: { is: "这一笔已经变了", todo: "看屏幕上的最新结果" },
    app_too_old: { is: "数据比本程序新，不能打开", todo: "请安装新版程序" },
    database_broken: { is: "数据文件有损坏，已停止收款", todo: "请店长处理，不要删除文件" },
    disk_full: { is: "磁盘满了，不能收款", todo: "清出空间后再收；急可收现金" },
    copied_database: { is: "这份数据是从别的电脑复制来的", todo: "请店长处理，先别收款" },
    busy_elsewhere: { is: "另一个收银台正在用这份数据", todo: "关掉另一个再打开" },
    too_many_aside: { is: "已放一旁三单", todo: "先把放一旁的单等出结果" },
    disk_broken: { is: "磁盘读写出错，不能收款", todo: "请店长处理；急可收现金" },
    misconfigured: { is: "收款配置不对，不能收款", todo: "请店长或实施人员检查渠道文件" },
    wrong_pin: { is: "密码不对", todo: "请店长再输" },
    pin_locked: { is: "密码错太多次，暂时锁住", todo: "等一会再试" },
    pin_unset: { is: "还没有店长密码", todo: "请店长先设密码" },
    bad_pin: { is: "要六位数字，不能太简单", todo: "换一个再设" },
    received_too_little: { is: "收到的现金不够", todo: "请顾客补齐" },
    rounding_too_large: { is: "抹零超出店里的上限", todo: "少抹一点" },
    reversal_left: { is: "撤销已经发出", todo: "等平台的结果，先别交货" },
    sales_open: { is: "还有单没有结果", todo: "等结果出来再进练习" },
    nothing_to_refund: { is: "没有可退的钱", todo: "看订单经过" },
    refund_exceeds: { is: "超出可退金额", todo: "改小再退" },
    nothing_taken: { is: "这一单没有收到钱，没有小票", todo: "看订单经过" },
    no_font: {
      is: "这台电脑没有中文字体，小票没有打印",
      todo: "请实施人员在程序旁放 receipt.ttf，再打一次",
    },
    receipt_unwritten: { is: "小票写不进磁盘，收款不受影响", todo: "请店长看文件夹和磁盘空间，再打一次" },
    internal: { is: "程序出错，这次没有执行", todo: "看屏幕上的结果，别重复收款" },
  },
  en: {
    bad_amount: { is: "Not an amount", todo: "Type the amount first, ¥0.01 at least" },
    above_limit: { is: "Above the limit for one sale", todo: "Split it, or call the manager" },
    not_a_payment_code: { is: "Not a payment code", todo: "Ask for the code under Pay in {wallets}" },
    product_barcode: {
      is: "That is a product’s barcode",
      todo: "Scan the code on the customer’s phone",
    },
    receive_code: {
      is: "That code receives money",
      todo: "Ask the customer to tap Pay and show that code",
    },
    web_address: {
      is: "That code is a web address",
      todo: "Ask the customer to tap Pay and show that code",
    },
    member_card: {
      is: "That looks like a member card",
      todo: "Scan the payment code on the customer’s phone",
    },
    own_receipt: {
      is: "That number is off a receipt",
      todo: "Scan a payment code; to look the sale up, press {cancel} and scan again",
    },
    codes_run_together: { is: "Several codes ran together", todo: "Scan a single code once more" },
    scan_too_long: {
      is: "Too long for a payment code",
      todo: "Scan the payment code on the customer’s phone",
    },
    wide_digits: {
      is: "An input method changed the digits",
      todo: "Switch it off and scan once more",
    },
    truncated_code: { is: "The code was cut short", todo: "Scan once more" },
    union_pay_code: { is: "That is a UnionPay code, not taken here", todo: "Use {others}" },
    wallet_not_here: { is: "{channel} is not taken at this till", todo: "Use {others}" },
    code_already_used: {
      is: "This code was used a moment ago",
      todo: "Ask for a fresh code and scan it",
    },
    attempt_open: {
      is: "The last sale has no result yet",
      todo: "Wait for it, or put it aside with {aside}",
    },
    channel_not_ready: {
      is: "{channel} is not ready",
      todo: "Try in a few seconds, or use {others}",
    },
    scans_unproven: {
      is: "{channel} codes are not scanned, nothing was charged",
      todo: "Press {show} for a {channel} code, or use {others}; see Status",
    },
    offline: { is: "No network, nothing was charged", todo: "Check the network; or take cash" },
    breaker_open: {
      is: "{channel} is silent, charging is paused",
      todo: "Use {others}; open sales are still being checked",
    },
    too_many_open: {
      is: "Too many sales without a result",
      todo: "Wait for results, or take cash",
    },
    outdated: { is: "This sale has changed", todo: "Read the result on the screen" },
    app_too_old: {
      is: "The database is newer than this program",
      todo: "Install the newer program",
    },
    database_broken: {
      is: "The database is damaged, charging stopped",
      todo: "Call the manager; delete nothing",
    },
    disk_full: {
      is: "The disk is full, charging stopped",
      todo: "Free some space; or take cash",
    },
    copied_database: {
      is: "This database was copied from another machine",
      todo: "Do not charge; call the manager",
    },
    busy_elsewhere: {
      is: "Another till is using this database",
      todo: "Close the other one, then open this",
    },
    too_many_aside: { is: "Three sales are aside already", todo: "Wait for one of them to end" },
    disk_broken: {
      is: "The disk failed, charging stopped",
      todo: "Call the manager; or take cash",
    },
    misconfigured: {
      is: "The channel is set up wrongly, charging stopped",
      todo: "Have the channel file checked",
    },
    wrong_pin: { is: "Wrong PIN", todo: "Have the manager try again" },
    pin_locked: { is: "Too many wrong PINs, locked for a while", todo: "Try again later" },
    pin_unset: { is: "No manager’s PIN is set", todo: "Have the manager set one first" },
    bad_pin: { is: "Six digits, and not too simple", todo: "Choose another" },
    received_too_little: { is: "Too little cash", todo: "Ask for the rest" },
    rounding_too_large: { is: "More rounded off than the store allows", todo: "Round off less" },
    reversal_left: { is: "A reversal has left", todo: "Wait for the channel; keep the goods" },
    sales_open: { is: "Some sales have no result yet", todo: "Wait for them, then practise" },
    nothing_to_refund: { is: "Nothing can be refunded", todo: "See the order’s history" },
    refund_exceeds: { is: "More than can be refunded", todo: "Type a smaller amount" },
    nothing_taken: { is: "This order took no money: no receipt", todo: "See its history" },
    no_font: {
      is: "No font with Chinese letters here, nothing was printed",
      todo: "Have receipt.ttf put beside the program, then print again",
    },
    receipt_unwritten: {
      is: "The disk does not take the receipt; the sale is safe",
      todo: "Have folder and disk space checked, then print again",
    },
    internal: {
      is: "Something broke, this was not done",
      todo: "Read the screen; do not charge twice",
    },
  },
};
