//! The whole system from outside: what the tests and their programs share.
//!
//! Nothing here ships. Each test is a file of its own with its row in the manifest.

#[path = "crash_points/mod.rs"]
pub mod crash_points;
#[path = "till/shop.rs"]
pub mod shop;
#[path = "simulation/mod.rs"]
pub mod simulation;
#[path = "window/mod.rs"]
pub mod window;
