//! What to do after a refusal, kind by kind.

use mianfu_core::breaker::Offer;
use mianfu_core::channel::ChannelId;
use mianfu_core::refund::Refund;
use mianfu_gateway::Scanned;
use mianfu_till::refunds::RefundRefusal;
use mianfu_till::start::StartError;
use mianfu_till::{DbError, Refusal, TillError};

use crate::both::{Both, both};
use crate::refund::IntentName;
use crate::refused::Refused;

/// Returns what to do.
pub(crate) fn of(refused: &Refused) -> Both {
    match refused {
        Refused::Amount => both("write yuan like 12.50", "写成元，如 12.50"),
        Refused::NoDatabase(_) => both(
            "check --db; the first sale (collect) makes a new one",
            "检查 --db；第一笔收款（collect）会新建数据库",
        ),
        Refused::WhichChannel => {
            both("say --show=alipay or --show=wechat", "写明 --show=alipay 或 --show=wechat")
        }
        Refused::NoMeans => both("say --show or --scan CODE", "加上 --show 或 --scan 付款码"),
        Refused::Number
        | Refused::Till(TillError::NoSuchAttempt { .. } | TillError::NoLonger { .. }) => {
            known_numbers()
        }
        Refused::IntentName => both("write a name like refund-17", "换个名字，如 refund-17"),
        Refused::Relay(_) => both(
            "mend the file, or leave --relay out: the till works without a relay",
            "改好这个文件，或去掉 --relay：没有中继也能收款",
        ),
        Refused::Start(error) => of_start(error),
        Refused::NotOffered(offer) => of_offer(offer),
        Refused::NoChannel => no_channel(),
        Refused::Sale(refusal) => of_sale(refusal),
        Refused::Refund(refusal) => of_refund(refusal),
        Refused::RefundedBefore(refund) => of_refunded_before(refund),
        Refused::RefundIntentUsed { .. } => {
            both("give this refund an --intent of its own", "给这笔退款另起一个 --intent")
        }
        Refused::RefundsUnknown => both(
            "compare with the channel's own list; where this refund is not there, say --compared",
            "和渠道自己的账单核对；那里没有这笔退款，就加 --compared",
        ),
        Refused::NotWedged { .. } => {
            both("run settle, then status", "先运行 settle，再运行 status")
        }
        Refused::Till(TillError::Db(error)) | Refused::Db(error) => of_db(error),
        Refused::Ask(_) | Refused::Stopped => both(
            "run settle: it asks about everything that is open",
            "运行 settle：它会查询所有没有结果的",
        ),
        Refused::System(_) => both(
            "check the disk, the path and its permissions, then run settle",
            "检查磁盘、路径和权限，再运行 settle",
        ),
    }
}

fn of_refunded_before(refund: &Refund) -> Both {
    match IntentName::of(refund) {
        Some(name) => {
            let name = name.as_str();
            both(
                format!(
                    "for that refund say --intent {name}, and none is begun; for another one say \
                     --intent with a name of its own"
                ),
                format!(
                    "问的是那一笔就加 --intent {name}，不会再退；要另退一笔就另起一个 --intent"
                ),
            )
        }
        None => both(
            "run status to see that refund; for another one say --intent with a name of its own",
            "运行 status 看那一笔；要另退一笔就另起一个 --intent",
        ),
    }
}

fn of_start(error: &StartError) -> Both {
    match error {
        StartError::Db(error) => of_db(error),
        StartError::Channel(_) => {
            both("correct the channel's file and try again", "改正渠道文件后再试")
        }
        StartError::System(_) => both(
            "check that the folder of --db is there and can be written",
            "检查 --db 的文件夹在不在、能不能写",
        ),
    }
}

fn of_offer(offer: &Offer) -> Both {
    match offer {
        Offer::Misconfigured { reason } if reason.contains("timestamp") => both(
            "nothing was sent; set the clock of this machine and try again",
            "什么都没有发出；校准本机时间后再试",
        ),
        Offer::Misconfigured { .. } => both(
            "nothing was sent; correct the channel's file and try again",
            "什么都没有发出；改正渠道文件（app_id、密钥）后再试",
        ),
        Offer::Unproven { reason: Some(_) } => both(
            "nothing was sent; show a code instead, and correct the merchant's certificate (certificate_file)",
            "什么都没有发出；先改为出示收款码，再改正商户证书（certificate_file）",
        ),
        Offer::Proving | Offer::Silent { .. } | Offer::Ready | Offer::Unproven { reason: None } => {
            both(
                "nothing was sent; start the channel and try again",
                "什么都没有发出；等渠道恢复后再试",
            )
        }
    }
}

fn of_sale(refusal: &Refusal) -> Both {
    match refusal {
        Refusal::NoAmount => both("ask for 0.01 or more", "金额至少 0.01"),
        Refusal::AboveLimit { .. } => both("ask for less, or in parts", "少收一些，或分几次收"),
        Refusal::NotACode(scanned) => of_scanned(scanned),
        Refusal::CodeUsed => both(
            "ask the customer to refresh the payment code, then scan it",
            "请顾客刷新付款码再扫",
        ),
        Refusal::NoChannel => no_channel(),
        Refusal::NotOffered(offer) => of_offer(offer),
        Refusal::AttemptOpen { .. } | Refusal::SameCustomer { .. } => both(
            "run settle, or say --another-customer",
            "运行 settle；是另一位顾客就加 --another-customer",
        ),
        Refusal::PaidAlready => {
            both("run status: there is nothing left to ask for", "运行 status：没有要再收的了")
        }
        Refusal::TooManyOpen { .. } => {
            both("run settle before the next sale", "先运行 settle 再收下一单")
        }
        Refusal::TooManyAside { .. } => {
            both("run settle, or cancel one of them", "运行 settle，或取消其中一单")
        }
        Refusal::IntentUsed => another_intent(),
        Refusal::Away => both("end the practice at the counter first", "先结束收银台的练习"),
        Refusal::Db(error) => of_db(error),
    }
}

fn of_scanned(scanned: &Scanned) -> Both {
    match scanned {
        Scanned::Payment { channel, .. } => match channel {
            ChannelId::Alipay => both(
                "this till does not take Alipay: ask for a payment code of another wallet",
                "本台不收支付宝：请顾客出示别的钱包的付款码",
            ),
            ChannelId::Wechat => both(
                "this till does not take WeChat Pay: ask for a payment code of another wallet",
                "本台不收微信：请顾客出示别的钱包的付款码",
            ),
        },
        Scanned::UnionPay => both(
            "this till does not take UnionPay: ask for a payment code of another wallet",
            "本台不收云闪付：请顾客出示别的钱包的付款码",
        ),
        Scanned::Truncated | Scanned::RunTogether => {
            both("scan the customer's payment code once more", "请再扫一次顾客的付款码")
        }
        Scanned::Product => {
            both("scan the customer's payment code, not the goods", "请扫顾客的付款码，不是商品")
        }
        Scanned::Receive => both(
            "this code takes money: ask the customer to open the payment code (付款码) and scan it",
            "这是收款码：请顾客打开付款码再扫",
        ),
        Scanned::Receipt(_) | Scanned::CashReceipt(_) => both(
            "scan the customer's payment code; a receipt's number is for refund",
            "请扫顾客的付款码；小票上的号用于退款",
        ),
        Scanned::FullWidth => {
            both("switch the Chinese input method off and scan again", "关掉中文输入法（全角）再扫")
        }
        Scanned::Address => both(
            "this is a web address: ask the customer to open the payment code (付款码) and scan it",
            "这是网址：请顾客打开付款码再扫",
        ),
        Scanned::Card | Scanned::TooLong | Scanned::Empty | Scanned::Other => {
            both("scan the customer's payment code", "请扫顾客的付款码")
        }
    }
}

fn of_refund(refusal: &RefundRefusal) -> Both {
    match refusal {
        RefundRefusal::NoAmount => both("give back 0.01 or more", "至少退 0.01"),
        RefundRefusal::NoChannel { .. } => no_channel(),
        RefundRefusal::NotPaid { .. } => both(
            "run settle, then status: only what was paid goes back",
            "先运行 settle，再运行 status：收到的才能退",
        ),
        RefundRefusal::AboveCeiling { .. } => what_is_left(),
        RefundRefusal::IntentUsed => another_intent(),
        RefundRefusal::Outlived(_) => both("ask the manager again", "请店长再确认一次"),
        RefundRefusal::Db(error) => of_db(error),
    }
}

fn of_db(error: &DbError) -> Both {
    match error {
        DbError::TooNew { .. } => {
            both("update the program: a later one wrote this file", "请更新本程序")
        }
        DbError::Corrupt { .. } | DbError::LawBroken { .. } => both(
            "restore the newest backup; do not delete the file",
            "请恢复最近的备份；不要删除文件",
        ),
        DbError::HeldElsewhere { .. } => both(
            "another till uses this file: end it, or give this one a --db of its own",
            "请关掉那个收银台，或给这个另指定 --db",
        ),
        DbError::Busy { .. } => both(
            "end the other program that reads the file, then run settle",
            "请关掉读这个文件的程序，再运行 settle",
        ),
        DbError::DiskFull { .. } => {
            both("free space on the disk, then run settle", "请腾出磁盘空间，再运行 settle")
        }
        DbError::ReadOnly { .. } => both(
            "check that the disk is not read-only and that the file and its folder can be written",
            "请看磁盘是不是只读，文件和文件夹能不能写",
        ),
        DbError::Io { .. } => {
            both("check the path and the disk, then run settle", "请检查路径和磁盘，再运行 settle")
        }
        DbError::NotFound { .. } => known_numbers(),
        DbError::Stale { .. } | DbError::LiveAttempt { .. } | DbError::NumberTaken { .. } => {
            both("run settle, then try again", "先运行 settle，再试")
        }
        DbError::CeilingReached { .. } => what_is_left(),
        DbError::IntentKept { .. } => another_intent(),
        DbError::NoNumber { .. } => both(
            "check --store (0 to 99999) and --till (0 to 999)",
            "请检查 --store（0 到 99999）和 --till（0 到 999）",
        ),
        DbError::Sqlite { .. } => {
            both("keep the file and update the program", "请留好文件并更新本程序")
        }
    }
}

fn known_numbers() -> Both {
    both("run status for the numbers this till knows", "运行 status 看本台有哪些号")
}

fn no_channel() -> Both {
    both("name the channel's file with --channel", "用 --channel 指定渠道文件")
}

fn another_intent() -> Both {
    both("give this sale an --intent of its own", "给这一单另起一个 --intent")
}

fn what_is_left() -> Both {
    both(
        "run status: say --amount with what is left of the sale",
        "运行 status：用 --amount 写本单还能退的金额",
    )
}
