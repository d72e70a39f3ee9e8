//! A keyboard on the virtual display: what fingers and a scanner on a cable send.
//!
//! The display itself strikes the keys, at its own pace, so that a busy machine stretches no pause
//! between two of them. Keys go to the window that has the focus, as a real keyboard's do.

use std::error::Error;
use std::num::TryFromIntError;

use fantoccini::key::Key;
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt as _, GetKeyboardMappingReply, InputFocus, Keycode};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use super::frame;

type Failure = Box<dyn Error + Send + Sync>;

/// The protocol's codes of the two events.
const KEY_PRESS: u8 = 2;
const KEY_RELEASE: u8 = 3;
/// The key that gives the second sign of another.
const SHIFT: u32 = 0xffe1;

/// How keys are struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// From one key to the next, in milliseconds.
    pub(crate) every_ms: u32,
}

/// Strikes `letters`, named keys among them, in the window of this title, and returns when the
/// last was struck.
pub(crate) fn strike(display: &str, title: &str, letters: &str, pace: Pace) -> Result<(), Failure> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    let root = connection.setup().roots[screen].root;
    let window = frame::find(&connection, root, title)?;
    connection.set_input_focus(InputFocus::PARENT, window, CURRENT_TIME)?.check()?;
    let keys = Keys::of(&connection)?;
    for letter in letters.chars() {
        let (key, shifted) = keys.find(sign_of(letter))?;
        let shift = keys.find(SHIFT)?.0;
        let send = |event: u8, key: Keycode, after_ms: u32| -> Result<(), Failure> {
            connection.xtest_fake_input(event, key, after_ms, root, 0, 0, 0)?.check()?;
            Ok(())
        };
        if shifted {
            send(KEY_PRESS, shift, 0)?;
        }
        send(KEY_PRESS, key, pace.every_ms)?;
        send(KEY_RELEASE, key, 0)?;
        if shifted {
            send(KEY_RELEASE, shift, 0)?;
        }
    }
    Ok(())
}

/// The keys of the display and the signs on them.
struct Keys {
    first: Keycode,
    mapping: GetKeyboardMappingReply,
}

impl Keys {
    fn of(connection: &RustConnection) -> Result<Keys, Failure> {
        let setup = connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let mapping = connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        Ok(Keys { first, mapping })
    }

    /// Returns the key that has the sign, and whether it takes Shift.
    fn find(&self, sign: u32) -> Result<(Keycode, bool), Failure> {
        let signs_per_key = usize::from(self.mapping.keysyms_per_keycode);
        for (place, signs) in self.mapping.keysyms.chunks(signs_per_key).enumerate() {
            let Some(level) = signs.iter().take(2).position(|each| *each == sign) else {
                continue;
            };
            let place = u8::try_from(place).map_err(|error: TryFromIntError| error.to_string())?;
            return Ok((self.first + place, level == 1));
        }
        Err(format!("no key of the display has the sign {sign:#x}").into())
    }
}

/// Returns the display's number of a sign: a letter's own, or that of a named key.
fn sign_of(letter: char) -> u32 {
    const NAMED: [(Key, u32); 16] = [
        (Key::Enter, 0xff0d),
        (Key::Escape, 0xff1b),
        (Key::Backspace, 0xff08),
        (Key::Tab, 0xff09),
        (Key::Up, 0xff52),
        (Key::Down, 0xff54),
        (Key::F1, 0xffbe),
        (Key::F2, 0xffbf),
        (Key::F3, 0xffc0),
        (Key::F4, 0xffc1),
        (Key::F5, 0xffc2),
        (Key::F6, 0xffc3),
        (Key::F7, 0xffc4),
        (Key::F8, 0xffc5),
        (Key::F9, 0xffc6),
        (Key::F10, 0xffc7),
    ];
    let named = NAMED.into_iter().find(|(key, _)| char::from(*key) == letter);
    match (named, letter) {
        (Some((_, sign)), _) => sign,
        (None, '\r' | '\n') => 0xff0d,
        (None, '\t') => 0xff09,
        (None, _) => u32::from(letter),
    }
}
