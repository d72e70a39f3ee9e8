//! API v2: flat XML, signed with a shared key both ways.

pub(crate) mod answers;
pub(crate) mod codes;
pub(crate) mod content;
pub(crate) mod sign;
pub(crate) mod xml;
