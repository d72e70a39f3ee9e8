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

/// A sign that only changes what follows; alone it means nothing to the till.
pub const SHIFT_ALONE: char = '\u{e0f0}';
/// Turns capital letters on or off.
pub const CAPS_LOCK: char = '\u{e0f1}';
/// A key that no act of the till is on.
pub(crate) const MEANS_NOTHING: char = '\u{e0f2}';
/// The minus of the numeric pad.
pub const PAD_MINUS: char = '\u{e0f3}';
/// The first of ten signs for the digits of the numeric pad.
const PAD_FIRST: u32 = 0xe100;
/// What the display calls the ten keys of the pad while Num Lock is off, as on a virtual display.
const PAD_SIGNS: [u32; 10] =
    [0xff9e, 0xff9c, 0xff99, 0xff9b, 0xff96, 0xff9d, 0xff98, 0xff95, 0xff97, 0xff9a];

/// One key that goes down and up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blow {
    pub sign: char,
    /// How long the display waits before it strikes the key, in milliseconds.
    pub after_ms: u32,
}

/// Returns the sign of a digit's key on the numeric pad; other signs stay what they are.
#[must_use]
pub fn on_pad(sign: char) -> char {
    sign.to_digit(10).and_then(|digit| char::from_u32(PAD_FIRST + digit)).unwrap_or(sign)
}

/// Strikes the keys in the window of this title and returns when the last was struck.
pub(crate) fn strike(display: &str, title: &str, blows: &[Blow]) -> Result<(), Failure> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    let root = connection.setup().roots[screen].root;
    let window = frame::find(&connection, root, title)?;
    connection.set_input_focus(InputFocus::PARENT, window, CURRENT_TIME)?.check()?;
    let keys = Keys::of(&connection)?;
    let shift = keys.find(SHIFT)?.0;
    for Blow { sign, after_ms } in blows.iter().copied() {
        let (key, shifted) = keys.find(sign_of(sign))?;
        let send = |event: u8, key: Keycode, after_ms: u32| -> Result<(), Failure> {
            connection.xtest_fake_input(event, key, after_ms, root, 0, 0, 0)?.check()?;
            Ok(())
        };
        if shifted {
            send(KEY_PRESS, shift, 0)?;
        }
        send(KEY_PRESS, key, after_ms)?;
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
        (None, '\r') => 0xff0d,
        (None, '\n') => 0xff0a,
        (None, '\t') => 0xff09,
        (None, SHIFT_ALONE) => SHIFT,
        (None, CAPS_LOCK) => 0xffe5,
        (None, PAD_MINUS) => 0xffad,
        // Insert.
        (None, MEANS_NOTHING) => 0xff63,
        (None, _) => pad_sign(letter).unwrap_or(u32::from(letter)),
    }
}

fn pad_sign(letter: char) -> Option<u32> {
    let digit = u32::from(letter).checked_sub(PAD_FIRST)?;
    PAD_SIGNS.get(usize::try_from(digit).ok()?).copied()
}
