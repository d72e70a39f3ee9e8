//! How much room a window has, and what has too little in it.

use super::{App, WindowError, wait};

const RESIZE_LIMIT_MS: u64 = 10_000;
const CROWD: &str = include_str!("crowd.js");

/// A size of the window as the page measures it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub width: u32,
    pub height: u32,
}

impl Room {
    /// Small and usual tills, large ones, and the two smallest at 200 %.
    pub const ALL: [Room; 6] = [
        Room { width: 1024, height: 768 },
        Room { width: 1280, height: 800 },
        Room { width: 1920, height: 1080 },
        Room { width: 3840, height: 2160 },
        Room { width: 640, height: 400 },
        Room { width: 512, height: 384 },
    ];
}

/// Which sentences stand on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sentences {
    /// The page's own.
    Own,
    /// Two fifths longer, as in another language.
    Longer,
}

impl App {
    /// Gives the window a room and waits until the page fills it.
    pub async fn resize(&self, room: Room) -> Result<(), WindowError> {
        self.set_size(room.width, room.height).await?;
        let size = format!("{}x{}", room.width, room.height);
        let fills = || async {
            let measured = self.run("return `${innerWidth}x${innerHeight}`").await;
            measured.is_ok_and(|measured| measured.as_str() == Some(&size))
        };
        wait::until(&format!("a window of {size}"), RESIZE_LIMIT_MS, fills).await
    }

    /// Returns what has too little room at this moment, each in a line of its own.
    pub async fn crowded(&self, sentences: Sentences) -> Result<Vec<String>, WindowError> {
        let longer = sentences == Sentences::Longer;
        let found = self.run_with(CROWD, vec![longer.into()]).await?;
        let lines = found.as_array().into_iter().flatten();
        Ok(lines.filter_map(|line| line.as_str().map(str::to_owned)).collect())
    }
}
