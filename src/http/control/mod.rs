//! The control API of the developer's own machine, `/_sandbox/…` (README.md lists the calls).

pub mod problem;

pub use problem::Problem;
