//! Why a command was not carried out, in Chinese. The English sentence carries the details.

use mianfu_core::breaker::Offer;
use mianfu_till::listener::{RelayFileError, WrongRelay};
use mianfu_till::refunds::RefundRefusal;
use mianfu_till::start::StartError;
use mianfu_till::{DbError, Refusal, TillError};

use crate::files;
use crate::refused::Refused;

/// Returns the sentence.
pub(crate) fn of(refused: &Refused) -> String {
    match refused {
        Refused::RefundedBefore(refund) => {
            return format!("本单已有一笔 {} 的退款", refund.amount);
        }
        Refused::RefundIntentUsed { amount } => {
            return format!("这个 intent 已用于本单 {amount} 的退款");
        }
        Refused::NotWedged { id, .. } => return format!("退款 {} 不在等人处理", id.0),
        Refused::NotOffered(Offer::Misconfigured { reason }) => {
            return format!("渠道拒绝我们的请求（{reason}）");
        }
        Refused::NotOffered(Offer::Unproven { reason: Some(reason) }) => {
            return format!("渠道不让撤销（{reason}），扫码收款先不开");
        }
        Refused::NotOffered(Offer::Unproven { reason: None }) => "撤销还没有验证过",
        Refused::Amount => "这不是金额",
        Refused::NoMeans => "没有写怎么收：--show 或 --scan",
        Refused::NoDatabase(path) => return format!("`{}` 处没有收银台的数据库", path.display()),
        Refused::WhichChannel => "本台有不止一个渠道",
        Refused::Number => "这不是本台的商户订单号：应为 90 开头的 28 位数字",
        Refused::IntentName => "intent 的名字应为 1 到 64 个字，不带空格",
        Refused::Relay(error) => return of_relay_file(error),
        Refused::Start(error) => return of_start(error),
        Refused::NotOffered(Offer::Silent { .. }) => "渠道没有应答",
        Refused::NotOffered(Offer::Proving | Offer::Ready) => "渠道还没有答复过",
        Refused::NoChannel => "没有设置渠道",
        Refused::Sale(refusal) => return of_sale(refusal),
        Refused::Refund(refusal) => of_refund(refusal),
        Refused::RefundsUnknown => "本单早于数据库的恢复或复制：这里可能缺它的退款",
        Refused::Till(TillError::Db(error)) | Refused::Db(error) => of_db(error),
        Refused::Till(TillError::NoSuchAttempt { .. } | TillError::NoLonger { .. }) => {
            "本台没有这个商户订单号"
        }
        Refused::Ask(_) => "收银台没有回应",
        Refused::Stopped => "收银台已经停了",
        Refused::System(_) => "系统拒绝了",
    }
    .to_owned()
}

fn of_relay_file(error: &RelayFileError) -> String {
    match error {
        RelayFileError::Unreadable { path, .. } => {
            format!("读不了 `{}`：请检查路径", path.display())
        }
        RelayFileError::NotText { path } => format!("`{}` 不是文本：请存成 UTF-8", path.display()),
        RelayFileError::Open { path } => {
            format!("别人也能读 `{}`：请对它运行 chmod 600", path.display())
        }
        RelayFileError::Form { path, what } => {
            let what = match what {
                WrongRelay::Line(line) => format!("请看第 {line} 行"),
                WrongRelay::Missing(member) => format!("请加上 `{member}`"),
                WrongRelay::Unused(member) => format!("`{member}` 是另一种方式的，请去掉"),
                WrongRelay::Name(member) => {
                    format!("`{member}` 只能用字母、数字、点、横线和下划线")
                }
                WrongRelay::Address(member) => format!(
                    "`{member}` 只写 https、主机和端口，如 https://pay.example.com；http 只能指本机"
                ),
            };
            format!("中继设置文件 `{}` 不对：{what}", path.display())
        }
        RelayFileError::Key { path, .. } => {
            format!("密钥 `{}` 不能用：应为 32 个以上随机字节的 base64", path.display())
        }
        RelayFileError::Endpoint(_) => "中继的地址或根证书不能用".to_owned(),
    }
}

fn of_start(error: &StartError) -> String {
    match error {
        StartError::Db(error) => of_db(error).to_owned(),
        StartError::Channel(error) => files::of(error),
        StartError::System(_) => "收银台没能启动：系统拒绝了".to_owned(),
    }
}

fn of_sale(refusal: &Refusal) -> String {
    match refusal {
        Refusal::AboveLimit { limit } => return format!("超过本店单笔上限 {limit}"),
        Refusal::AttemptOpen { out_trade_no } => {
            return format!("商户订单号 {out_trade_no} 还没有结果");
        }
        Refusal::SameCustomer { out_trade_no } => {
            return format!("同样金额的商户订单号 {out_trade_no} 还没有结果：同一位顾客吗？");
        }
        Refusal::TooManyOpen { count, at_risk } => {
            return format!("有 {count} 单共 {at_risk} 没有结果");
        }
        Refusal::TooManyAside { count } => return format!("已有 {count} 单放在一旁"),
        Refusal::NoAmount => "金额至少一分",
        Refusal::NotACode(_) => "扫到的不是可以收的付款码",
        Refusal::CodeUsed => "这个付款码刚用过",
        Refusal::NoChannel => "没有设置渠道",
        Refusal::NotOffered(_) => "渠道不收新的付款",
        Refusal::PaidAlready => "本单已经付过",
        Refusal::IntentUsed => "这个 intent 已用于另一单",
        Refusal::Away => "收银台正在练习",
        Refusal::Db(error) => of_db(error),
    }
    .to_owned()
}

fn of_refund(refusal: &RefundRefusal) -> &'static str {
    match refusal {
        RefundRefusal::NoAmount => "退款金额至少一分",
        RefundRefusal::NoChannel { .. } => "收这笔款的渠道没有设置",
        RefundRefusal::NotPaid { .. } => "本单没有收到款，不能退",
        RefundRefusal::AboveCeiling { .. } => "超过本单还能退的金额",
        RefundRefusal::IntentUsed => "这个 intent 已退过另一个金额",
        RefundRefusal::Outlived(_) => "店长的确认过了一分钟",
        RefundRefusal::Db(error) => of_db(error),
    }
}

fn of_db(error: &DbError) -> &'static str {
    match error {
        DbError::TooNew { .. } => "数据库是更新的程序写的",
        DbError::Corrupt { .. } | DbError::LawBroken { .. } => "数据库里的内容不是当时写下的",
        DbError::HeldElsewhere { .. } => "另一个收银台正在用这个数据库",
        DbError::Busy { .. } => "另一个程序正在读这个数据库",
        DbError::DiskFull { .. } => "磁盘满了",
        DbError::ReadOnly { .. } => "数据库不能写",
        DbError::Io { .. } => "磁盘读写出错",
        DbError::NotFound { .. } => "数据库里没有",
        DbError::Stale { .. } | DbError::LiveAttempt { .. } | DbError::NumberTaken { .. } => {
            "刚才有别的变动，没有保存"
        }
        DbError::CeilingReached { .. } => "超过本单还能退的金额",
        DbError::IntentKept { .. } => "这个 intent 已用过",
        DbError::NoNumber { .. } => "取不到新的商户订单号",
        DbError::Sqlite { .. } => "数据库出错",
    }
}
