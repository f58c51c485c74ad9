//! One command a file.

pub mod client;
pub mod healthcheck;
pub mod serve;
pub mod token;
pub mod validate;
