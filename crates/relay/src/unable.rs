//! Why the program does not serve, in both languages: what it is, and what to do.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use mianfu_relay::config::kind_in_chinese;
use mianfu_relay::db::{Ailment, StoreError};

/// Why the program does not serve.
#[derive(Debug)]
pub(crate) enum Unable {
    /// Nobody can come in there.
    Listen {
        /// The member of the file that says where.
        place: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The database is not opened.
    Open {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: StoreError,
    },
    /// The machine does not give what every program needs.
    Machine(Box<dyn Error>),
}

impl<E: Error + 'static> From<E> for Unable {
    fn from(error: E) -> Unable {
        Unable::Machine(Box::new(error))
    }
}

impl Unable {
    /// Returns both sentences, each on a line.
    pub(crate) fn in_both(&self) -> String {
        match self {
            Unable::Listen { place, address, source } => {
                let (en, zh) = unheard(source);
                format!("{place}: `{address}` {en}\n{place}：`{address}` {zh}")
            }
            Unable::Open { path, source } => {
                let (en, zh) = unopened(source);
                let path = path.display();
                format!("database: `{path}` {en}\ndatabase：`{path}` {zh}")
            }
            Unable::Machine(error) => {
                let why = chain(error.as_ref());
                format!("not started: {why}\n没有启动：{why}")
            }
        }
    }
}

fn unheard(error: &io::Error) -> (String, String) {
    let known = [
        (
            io::ErrorKind::AddrInUse,
            "is in use: end the program that has it, or write another port",
            "已被占用：请停掉占用它的程序，或换一个端口",
        ),
        (
            io::ErrorKind::AddrNotAvailable,
            "is no address of this machine: write one that is, or `0.0.0.0` for all of them",
            "不是本机的地址：请写本机的地址，`0.0.0.0` 表示全部",
        ),
        (
            io::ErrorKind::PermissionDenied,
            "may not be listened on by this user: write a port from 1024 on",
            "当前用户不能监听：请用 1024 以上的端口",
        ),
    ];
    match known.iter().find(|(kind, ..)| *kind == error.kind()) {
        Some((_, en, zh)) => ((*en).to_owned(), (*zh).to_owned()),
        None => (format!("cannot be listened on ({error})"), format!("不能监听（{error}）")),
    }
}

fn unopened(error: &StoreError) -> (String, String) {
    let said = |en: &str, zh: &str| (en.to_owned(), zh.to_owned());
    match error {
        StoreError::HeldElsewhere { .. } => said(
            "is held by another relay: end that one, or name another file for this one",
            "正被另一个中继使用：请停掉那一个，或给这一个换一个文件",
        ),
        StoreError::Foreign { .. } => said(
            "is not a database of this relay's version: run the relay that made it, or name \
             another file",
            "不是本版本中继的数据库：请运行建它的那个版本，或换一个文件",
        ),
        StoreError::Io { source, .. } => {
            let kind = source.kind();
            (
                format!("cannot be opened ({kind}): its folder must be there, and this user's"),
                format!(
                    "打不开（{}）：它所在的目录要存在，并归当前用户所有",
                    kind_in_chinese(kind)
                ),
            )
        }
        StoreError::Sqlite { .. } => match error.ailment() {
            Some(Ailment::Full) => {
                said("finds no room: free some of the disk", "磁盘已满：请腾出空间")
            }
            Some(Ailment::Failing) => said(
                "is not taken by its disk: it is full or failing",
                "磁盘写不进去：已满或有故障",
            ),
            Some(Ailment::Damaged) => said(
                "is damaged or no database: move it away with the files beside it and start \
                 again; tills then ask the channels about what was in it",
                "已损坏或不是数据库：请把它和旁边的同名文件移走后再启动；其中的通知由收银台向渠道查询补上",
            ),
            None => {
                let why = chain(error);
                (format!("cannot be used ({why})"), format!("不能使用（{why}）"))
            }
        },
    }
}

/// Joins an error and its sources, outermost first.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
