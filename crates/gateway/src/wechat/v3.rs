//! API v3: JSON, signed with RSA both ways.

pub(crate) mod answers;
pub(crate) mod codes;
pub(crate) mod content;
pub(crate) mod sign;
pub(crate) mod wire;
