//! `cargo xtask run`: the till in practice mode, from nothing.
//!
//! With a display the window simply opens and a person plays. Without one, `mianfu-walk` opens the
//! same window on a virtual display, plays cashier and customer, and leaves a picture of every
//! state.

use crate::closing::Closing;
use crate::shell::{self, TaskError};
use crate::{programs, setup};

const PICTURES: &str = "target/pictures";

pub(crate) fn run() -> Result<Closing, TaskError> {
    setup::system()?;
    setup::ui()?;
    shell::run(&["npm", "--prefix", "ui", "run", "build"])?;
    if has_display() {
        programs::build(&["mianfu"])?;
        shell::say("the till opens in practice mode; close its window to end");
        programs::run("mianfu", &[])?;
        return Ok(Closing::new("run").with("window", "closed"));
    }
    programs::build(&["mianfu", "mianfu-practice", "mianfu-walk"])?;
    shell::say("there is no display here, so the till takes payments on a virtual one");
    let arguments = ["--pictures".to_owned(), PICTURES.to_owned()];
    let ran = programs::run("mianfu-walk", &arguments)?;
    programs::closing("run", &ran)
}

fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
