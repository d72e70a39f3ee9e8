//! Waiting for a condition, with a bound.

use std::future::Future;
use std::time::Duration;

use super::WindowError;

const EVERY: Duration = Duration::from_millis(25);

/// Asks `holds` again and again until it does; `Late` after `limit_ms`.
pub async fn until<F, Held>(what: &str, limit_ms: u64, mut holds: F) -> Result<(), WindowError>
where
    F: FnMut() -> Held,
    Held: Future<Output = bool>,
{
    let asking = async {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            if holds().await {
                return;
            }
        }
    };
    let limit = Duration::from_millis(limit_ms);
    let late = |_| WindowError::Late { what: what.to_owned(), limit_ms };
    tokio::time::timeout(limit, asking).await.map_err(late)
}
