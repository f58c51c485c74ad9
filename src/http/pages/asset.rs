//! The files the pages need besides their HTML: a stylesheet for all, one for the citizen's own pages, one and a script for
//! the tester UI, one icon.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// The axum route, behind the tenant's base path, under which an [`asset`] is fetched by its name.
pub const ASSET_ROUTE: &str = "/assets/{file}";

/// The stylesheet's address behind the base path. It carries a fingerprint of the content, so that browsers may keep it for good.
pub(super) const STYLESHEET: &str = "/assets/pages.css";
/// The address of the stylesheet of the citizen's own pages.
pub(super) const OWN_STYLESHEET: &str = "/assets/citizen.css";
/// The address of the stylesheet of the tester UI.
pub(super) const TESTER_STYLESHEET: &str = "/assets/tester.css";
/// The address of the script of the tester UI, which works without it.
pub(super) const TESTER_SCRIPT: &str = "/assets/tester.js";
/// The icon's address behind the base path.
pub(super) const ICON: &str = "/assets/icon.svg";

const ASSETS: [Asset; 5] = [
    Asset {
        name: "pages.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../../templates/pages.css"),
    },
    Asset {
        name: "citizen.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../../templates/citizen.css"),
    },
    Asset {
        name: "tester.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../../templates/tester.css"),
    },
    Asset {
        name: "tester.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../templates/tester.js"),
    },
    Asset { name: "icon.svg", content_type: "image/svg+xml", bytes: include_bytes!("../../../templates/icon.svg") },
];

/// A file to be served as it is. As a response it may be cached for a year: its address changes with its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The file's name, the last segment of its path.
    pub name: &'static str,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The content.
    pub bytes: &'static [u8],
}

/// The file of this name, if there is one.
pub fn asset(name: &str) -> Option<Asset> {
    ASSETS.into_iter().find(|asset| asset.name == name)
}

/// What tells this build's files from another's: all of them, by FNV-1a, in hexadecimal.
pub(super) fn fingerprint() -> String {
    let bytes = ASSETS.iter().flat_map(|asset| asset.bytes);
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

impl IntoResponse for Asset {
    fn into_response(self) -> Response {
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}
