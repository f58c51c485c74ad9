//! The last page: nothing more to do here.

use super::Frame;

/// Tells that all is done and the page may be closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The surroundings.
    pub frame: Frame,
    /// What has come to its end.
    pub kind: FarewellKind,
    /// Where one may go on, as a link.
    pub onward: Option<String>,
}

/// What has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarewellKind {
    /// The browser's session: whoever comes next identifies anew.
    SignedOut,
    /// The matter at hand; the page may be closed.
    Done,
}
