//! Bodies of writes: which are read, and how the others are refused.

use super::refusal::Refusal;
use crate::http::entrance::BODY_LIMIT;
use crate::json::Document;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// The media types that are read as JSON.
const JSON_TYPES: [&str; 4] = ["application/fhir+json", "application/json", "application/json+fhir", "text/json"];

/// Undoes the `Content-Encoding` of a body. A small body may grow to the limit of all bodies and no further.
pub(super) fn decoded(encoding: &str, body: Bytes) -> Result<Bytes, Refusal> {
    let encoding = encoding.trim();
    if encoding.is_empty() || encoding.eq_ignore_ascii_case("identity") {
        return Ok(body);
    }
    if !["gzip", "x-gzip"].iter().any(|gzip| gzip.eq_ignore_ascii_case(encoding)) {
        return Err(Refusal::ContentEncoding(encoding.to_owned()));
    }
    let mut inflated = Vec::new();
    // One byte more than may be, to see that there is more.
    let mut reader = MultiGzDecoder::new(&*body).take(BODY_LIMIT as u64 + 1);
    match reader.read_to_end(&mut inflated) {
        Err(error) => Err(Refusal::BrokenGzip(error.to_string())),
        Ok(length) if length > BODY_LIMIT => Err(Refusal::TooLarge),
        Ok(_) => Ok(inflated.into()),
    }
}

/// Reads a body as JSON; `operation` is the word of the error texts.
pub(super) fn document(content_type: Option<&str>, body: &[u8], operation: &str) -> Result<Document, Refusal> {
    if body.is_empty() {
        return Err(Refusal::EmptyBody);
    }
    match content_type {
        Some(content_type) => {
            let media_type = content_type.split(';').next().unwrap_or_default().trim();
            if !JSON_TYPES.iter().any(|json| json.eq_ignore_ascii_case(media_type)) {
                return Err(Refusal::ContentType(content_type.to_owned(), operation.to_owned()));
            }
        }
        // Without the header the engine looks at the body first: JSON is what begins like JSON.
        None if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') => {
            return Err(Refusal::NoContentType(operation.to_owned()));
        }
        None => {}
    }
    Document::from_bytes(body).map_err(|error| Refusal::Json(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_inflated_up_to_the_limit() {
        use flate2::{Compression, write::GzEncoder};
        use std::io::Write;
        let zipped = |length: usize| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&vec![b' '; length]).unwrap();
            Bytes::from(encoder.finish().unwrap())
        };
        assert_eq!(decoded("GZIP", zipped(5)).unwrap(), &b"     "[..]);
        assert_eq!(decoded("gzip", zipped(BODY_LIMIT)).unwrap().len(), BODY_LIMIT);
        assert_eq!(decoded("gzip", zipped(BODY_LIMIT + 1)), Err(Refusal::TooLarge));
        let status = |encoding: &str, body: Bytes| decoded(encoding, body).unwrap_err().status();
        assert_eq!(status("gzip", Bytes::from_static(b"{}")), 400);
        assert_eq!(status("gzip", zipped(500).slice(..20)), 400);
        assert_eq!(status("br", Bytes::new()), 415);
        assert_eq!(decoded("identity", Bytes::from_static(b"{}")).unwrap(), &b"{}"[..]);
    }

    #[test]
    fn only_json_is_read() {
        let refusal = |content_type: Option<&str>, body: &str| {
            document(content_type, body.as_bytes(), "CREATE").err().map(|refusal| refusal.status())
        };
        assert_eq!(refusal(Some("application/fhir+json; charset=UTF-8"), "{}"), None);
        assert_eq!(refusal(Some("application/json"), "{}"), None);
        assert_eq!(refusal(None, " {}"), None);
        assert_eq!(refusal(None, "<a/>"), Some(400));
        assert_eq!(refusal(Some("application/fhir+xml"), "<a/>"), Some(400));
        assert_eq!(refusal(Some("text/plain"), "{}"), Some(400));
        assert_eq!(refusal(Some("application/json"), "{"), Some(400));
        assert_eq!(refusal(Some("application/json"), ""), Some(403));
    }
}
