//! `cargo xtask check`: the quick part, on a machine without a display.

use crate::clock::Since;
use crate::closing::Closing;
use crate::shell::TaskError;
use crate::{parts, setup, test};

pub(crate) fn run() -> Result<Closing, TaskError> {
    let since = Since::start();
    if cfg!(target_os = "linux") {
        let missing = setup::missing_packages()?;
        if !missing.is_empty() {
            return Err(TaskError::Sentence(format!(
                "missing system packages: {}; `cargo xtask setup` installs them",
                missing.join(" ")
            )));
        }
    }
    setup::ui()?;
    test::run_parts("check", parts::quick(), &since)
}
