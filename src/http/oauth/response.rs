//! The forms of the authorization server's answers: JSON with the captured headers (authorization-server.md §5), and
//! redirects to the application.

use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986 are encoded in what is added to a redirect.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The headers of a captured answer, in their order. HSTS is added for the real host names only, elsewhere.
const CAPTURED: [(HeaderName, &str); 10] = [
    (header::CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate, no-store"),
    (header::PRAGMA, "no-cache, no-cache"),
    (header::EXPIRES, "0"),
    (header::CONTENT_TYPE, "application/json;charset=UTF-8"),
    (header::CONTENT_LANGUAGE, "en-US"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_XSS_PROTECTION, "1; mode=block"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Sandbox-Reason"),
];

/// JSON text with the captured headers.
pub fn json(status: StatusCode, text: String) -> Response {
    let mut response = (status, text).into_response();
    for (name, value) in CAPTURED {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// No body, with the headers of every answer but the content's.
pub fn empty(status: StatusCode) -> Response {
    let mut response = status.into_response();
    for (name, value) in CAPTURED {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LANGUAGE {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// A redirect. `location` is ASCII: a registered redirect URI, or a path of ours, with encoded parameters.
pub fn redirect(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = StatusCode::FOUND.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A redirect URI with parameters added to its query.
pub fn with_parameters(uri: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let mut location = uri.to_owned();
    let mut separator = if uri.contains('?') { '&' } else { '?' };
    for (name, value) in parameters {
        let Some(value) = value else { continue };
        location.push(separator);
        location.push_str(name);
        location.push('=');
        location.extend(utf8_percent_encode(value, IN_QUERY));
        separator = '&';
    }
    location
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_added_to_what_is_there_and_encoded() {
        let added =
            with_parameters("app:/cb?x=1", &[("code", Some("a")), ("none", None), ("state", Some("a b&c\r\n+ä"))]);
        assert_eq!(added, "app:/cb?x=1&code=a&state=a%20b%26c%0D%0A%2B%C3%A4");
    }
}
