//! Bodies of writes: which are read, and how the others are refused.

use super::refusal::Refusal;
use crate::json::Document;

/// The media types that are read as JSON.
const JSON_TYPES: [&str; 4] = ["application/fhir+json", "application/json", "application/json+fhir", "text/json"];

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
