//! Bad input, kind by kind: each is answered with a sentence that says what to do, loses nothing
//! and charges nothing.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "bad_input/answers.rs"]
mod answers;
#[path = "bad_input/channel_files.rs"]
mod channel_files;
#[path = "bad_input/clocks.rs"]
mod clocks;
#[path = "bad_input/databases.rs"]
mod databases;
#[path = "bad_input/typed.rs"]
mod typed;
#[path = "bad_input/wechat.rs"]
mod wechat;
#[path = "bad_input/wechat_files.rs"]
mod wechat_files;
