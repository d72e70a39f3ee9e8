//! What is wrong with a relay's file, in both languages: where, what, and what to do.

use std::fmt;
use std::io::ErrorKind;

use crate::keys::KeyError;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where, as the file names it.
    pub place: String,
    /// What.
    pub wrong: Wrong,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// No TOML, or a name that is missing, unknown or of another type; in the reader's words.
    Toml(String),
    /// No address with a port.
    Address(String),
    /// No address or range of addresses.
    Network(String),
    /// A file that cannot be read.
    File {
        /// Its name.
        name: String,
        /// Why not.
        kind: ErrorKind,
    },
    /// A key's file that others can read.
    Open {
        /// Its name.
        name: String,
    },
    /// A key that is none.
    Key {
        /// Its file.
        name: String,
        /// Why not.
        error: KeyError,
    },
    /// No key, or too many.
    KeyCount {
        /// How many there may be.
        most: usize,
    },
    /// A bare public key of WeChat Pay's without its number.
    NoSerial {
        /// Its file.
        name: String,
    },
    /// A till's key without a name.
    NoKeyId {
        /// Its file.
        name: String,
    },
    /// No channel.
    Channel(String),
    /// A name that cannot stand in an address.
    Name(String),
    /// A merchant that the file does not have.
    NoMerchant(String),
    /// A certificate and a key that do not serve together.
    Certificate {
        /// Why not, in the reader's words.
        why: String,
    },
    /// No name of a file.
    NoDatabase,
    /// Something that stands there twice.
    Twice,
    /// No till.
    Nobody,
    /// A till without a merchant.
    NoAccount,
    /// A number out of its range.
    Range {
        /// The least.
        from: u32,
        /// The most.
        to: u32,
    },
}

impl ConfigError {
    /// Returns an error at a place.
    #[must_use]
    pub fn at(place: String, wrong: Wrong) -> ConfigError {
        ConfigError { place, wrong }
    }

    /// Returns the sentence in Chinese.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        let place = match self.place.strip_prefix("line ") {
            Some(line) => format!("第 {line} 行"),
            None => self.place.clone(),
        };
        format!("{place}：{}", chinese(&self.wrong))
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, english(&self.wrong))
    }
}

fn english(wrong: &Wrong) -> String {
    match wrong {
        Wrong::Toml(what) => what.trim().replace('\n', "; "),
        Wrong::Address(text) => {
            format!("`{text}` is no address with a port: write one like `0.0.0.0:8620`")
        }
        Wrong::Network(text) => {
            format!("`{text}` is no range of addresses: write one like `10.0.0.0/8`")
        }
        Wrong::File { name, kind: ErrorKind::InvalidData } => {
            format!("`{name}` is no text in UTF-8: save it as UTF-8")
        }
        Wrong::File { name, kind } => format!("`{name}` cannot be read ({kind})"),
        Wrong::Open { name } => {
            format!("others on this machine can read `{name}`: `chmod 600` it")
        }
        Wrong::Key { name, error } => format!("`{name}` is {error}"),
        Wrong::KeyCount { most } => format!("name at least one key and at most {most}"),
        Wrong::NoSerial { name } => {
            format!("say the number of `{name}` with `id`, as WeChat Pay's console shows it")
        }
        Wrong::NoKeyId { name } => format!("give `{name}` a short name with `id`"),
        Wrong::Channel(text) => {
            format!("there is no channel `{text}`: write `alipay` or `wechat`")
        }
        Wrong::Name(text) => {
            format!("`{text}` cannot stand in an address: letters, digits, `.`, `_`, `-`")
        }
        Wrong::NoMerchant(text) => {
            format!("there is no merchant `{text}`: write `channel/number` of one in this file")
        }
        Wrong::Certificate { why } => {
            format!("the certificate and its key do not serve together ({why})")
        }
        Wrong::NoDatabase => "name a file, such as `relay.db`".to_owned(),
        Wrong::Twice => "stands there twice".to_owned(),
        Wrong::Nobody => "name at least one till".to_owned(),
        Wrong::NoAccount => "name at least one of the merchants in this file".to_owned(),
        Wrong::Range { from, to } => format!("write a number from {from} to {to}"),
    }
}

fn chinese(wrong: &Wrong) -> String {
    match wrong {
        Wrong::Toml(what) => format!("写法不对（{}）", what.trim().replace('\n', "; ")),
        Wrong::Address(text) => {
            format!("`{text}` 不是带端口的地址，请写成 `0.0.0.0:8620` 这样")
        }
        Wrong::Network(text) => format!("`{text}` 不是地址段，请写成 `10.0.0.0/8` 这样"),
        Wrong::File { name, kind: ErrorKind::InvalidData } => {
            format!("`{name}` 不是 UTF-8 文本，请另存为 UTF-8")
        }
        Wrong::File { name, kind } => format!("读不到 `{name}`（{}）", kind_in_chinese(*kind)),
        Wrong::Open { name } => format!("本机其他用户能读 `{name}`，请执行 `chmod 600`"),
        Wrong::Key { name, error } => format!("`{name}` {}", key_in_chinese(*error)),
        Wrong::KeyCount { most } => format!("至少写一把密钥，最多 {most} 把"),
        Wrong::NoSerial { name } => {
            format!("请用 `id` 写明 `{name}` 的公钥ID，微信支付商户平台上有")
        }
        Wrong::NoKeyId { name } => format!("请用 `id` 给 `{name}` 起一个短名"),
        Wrong::Channel(text) => format!("没有 `{text}` 这个渠道，请写 `alipay` 或 `wechat`"),
        Wrong::Name(text) => {
            format!("`{text}` 不能写进网址，只能用字母、数字、`.`、`_`、`-`")
        }
        Wrong::NoMerchant(text) => {
            format!("没有商户 `{text}`，请写本文件里某个商户的 `渠道/商户号`")
        }
        Wrong::Certificate { why } => format!("证书和它的私钥不能一起用（{why}）"),
        Wrong::NoDatabase => "请写一个文件名，例如 `relay.db`".to_owned(),
        Wrong::Twice => "写了两次".to_owned(),
        Wrong::Nobody => "至少要有一个收银台".to_owned(),
        Wrong::NoAccount => "至少写本文件里的一个商户".to_owned(),
        Wrong::Range { from, to } => format!("请写 {from} 到 {to} 之间的数"),
    }
}

fn key_in_chinese(error: KeyError) -> &'static str {
    match error {
        KeyError::NotText => "既不是 PEM 也不是 base64",
        KeyError::Private => "是私钥，中继上不能放私钥",
        KeyError::NotAKey => "不是 RSA 公钥，也不是证书",
        KeyError::TooShort => "不足 2048 位",
        KeyError::TillKeyTooShort => "不足 32 字节，请写 32 个随机字节的 base64",
    }
}

/// Says in Chinese why the system did not do it.
#[must_use]
pub fn kind_in_chinese(kind: ErrorKind) -> String {
    let known = [
        (ErrorKind::NotFound, "没有这个文件或目录"),
        (ErrorKind::PermissionDenied, "没有权限"),
        (ErrorKind::IsADirectory, "是目录"),
        (ErrorKind::NotADirectory, "上一级不是目录"),
        (ErrorKind::ReadOnlyFilesystem, "磁盘只读"),
        (ErrorKind::StorageFull, "磁盘已满"),
    ];
    let said = known.iter().find(|(one, _)| *one == kind);
    said.map_or_else(|| kind.to_string(), |(_, zh)| (*zh).to_owned())
}
