//! OperationOutcome: the body of every FHIR refusal, and of STU3 writes that went well.
//!
//! Two shapes were recorded (resource-server.md §6, §11): errors that Kela raises carry a six-digit code in `details`; routing
//! errors and validator findings carry `diagnostics` alone, findings also `location`.

use crate::json::write_escaped;

/// The code system of Kela's six-digit error codes (recorded spelling, without a path for code systems).
pub const ERROR_CODES: &str = "http://phr.kanta.fi/fiphr-cs-errorcodes";

/// The six-digit codes that are publicly known (resource-server.md §11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// 100120: trouble inside the server.
    InvalidRequest,
    /// 500620: `meta.profile` names a profile the server does not have.
    NoProfileFound,
    /// 501440: the patient's id and identifier are not the same UUID.
    DataIsInvalid,
    /// 502020: the token is valid but does not reach this far.
    TokenNotSufficient,
    /// 502120: no token, or one that is not valid; also a write without a body.
    TokenInvalid,
    /// 502420: `If-None-Exist` with anything but `identifier=`.
    OnlyIdentifier,
    /// 504320: a profile of the other FHIR version.
    WrongFhirVersion,
}

impl ErrorCode {
    const ALL: [ErrorCode; 7] = [
        ErrorCode::InvalidRequest,
        ErrorCode::NoProfileFound,
        ErrorCode::DataIsInvalid,
        ErrorCode::TokenNotSufficient,
        ErrorCode::TokenInvalid,
        ErrorCode::OnlyIdentifier,
        ErrorCode::WrongFhirVersion,
    ];

    /// The six digits.
    pub fn digits(self) -> &'static str {
        match self {
            ErrorCode::InvalidRequest => "100120",
            ErrorCode::NoProfileFound => "500620",
            ErrorCode::DataIsInvalid => "501440",
            ErrorCode::TokenNotSufficient => "502020",
            ErrorCode::TokenInvalid => "502120",
            ErrorCode::OnlyIdentifier => "502420",
            ErrorCode::WrongFhirVersion => "504320",
        }
    }

    /// The recorded text.
    pub fn text(self) -> &'static str {
        match self {
            ErrorCode::InvalidRequest => "Invalid request",
            ErrorCode::NoProfileFound => "No profile found",
            ErrorCode::DataIsInvalid => "Data is invalid",
            ErrorCode::TokenNotSufficient => "Token is not sufficient for this operation",
            ErrorCode::TokenInvalid => "Access denied by rule: Token is invalid for the requested operation.",
            ErrorCode::OnlyIdentifier => "Only identifier is supported",
            ErrorCode::WrongFhirVersion => "Reference to a wrong FHIR-version",
        }
    }

    /// The code with these digits, when it is a known one.
    pub fn from_digits(digits: &str) -> Option<ErrorCode> {
        ErrorCode::ALL.into_iter().find(|code| code.digits() == digits)
    }
}

/// One `issue` of an OperationOutcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// `fatal`, `error`, `warning` or `information`.
    pub severity: &'static str,
    /// The issue type of FHIR: `processing` nearly always, `informational` for successes.
    pub code: &'static str,
    /// Kela's own error, for the errors that have one.
    pub error: Option<ErrorCode>,
    /// The message.
    pub diagnostics: String,
    /// Where in the resource, for findings: an element path, and `Line n, Col m`.
    pub location: Vec<String>,
}

impl Issue {
    /// An error with a message alone, as routing errors have it.
    pub fn error(diagnostics: impl Into<String>) -> Issue {
        Issue {
            severity: "error",
            code: "processing",
            error: None,
            diagnostics: diagnostics.into(),
            location: Vec::new(),
        }
    }

    /// One of Kela's errors; `detail` follows the text in `diagnostics`.
    pub fn coded(error: ErrorCode, detail: &str) -> Issue {
        Issue { error: Some(error), ..Issue::error(format!("{}{detail}", error.text())) }
    }

    /// What a STU3 write answers when it went well.
    pub fn success(diagnostics: impl Into<String>) -> Issue {
        Issue { severity: "information", code: "informational", ..Issue::error(diagnostics) }
    }

    fn write(&self, output: &mut String) {
        output.push_str("{\"severity\":\"");
        output.push_str(self.severity);
        output.push_str("\",\"code\":\"");
        output.push_str(self.code);
        output.push('"');
        if let Some(error) = self.error {
            output.push_str(",\"details\":{\"coding\":[{\"system\":");
            write_escaped(output, ERROR_CODES);
            output.push_str(",\"code\":\"");
            output.push_str(error.digits());
            output.push_str("\"}],\"text\":");
            write_escaped(output, error.text());
            output.push('}');
        }
        output.push_str(",\"diagnostics\":");
        write_escaped(output, &self.diagnostics);
        if !self.location.is_empty() {
            output.push_str(",\"location\":[");
            for (at, location) in self.location.iter().enumerate() {
                if at > 0 {
                    output.push(',');
                }
                write_escaped(output, location);
            }
            output.push(']');
        }
        output.push('}');
    }
}

/// The OperationOutcome with these issues, as compact JSON.
pub fn operation_outcome<'i>(issues: impl IntoIterator<Item = &'i Issue>) -> String {
    let mut output = String::with_capacity(256);
    output.push_str("{\"resourceType\":\"OperationOutcome\",\"issue\":[");
    for (at, issue) in issues.into_iter().enumerate() {
        if at > 0 {
            output.push(',');
        }
        issue.write(&mut output);
    }
    output.push_str("]}");
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coded_error_has_the_recorded_shape() {
        let issue = Issue::coded(ErrorCode::WrongFhirVersion, ", url: http://x");
        insta::assert_snapshot!(operation_outcome([&issue]), @r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","details":{"coding":[{"system":"http://phr.kanta.fi/fiphr-cs-errorcodes","code":"504320"}],"text":"Reference to a wrong FHIR-version"},"diagnostics":"Reference to a wrong FHIR-version, url: http://x"}]}"#);
    }

    #[test]
    fn a_routing_error_has_diagnostics_alone() {
        insta::assert_snapshot!(operation_outcome([&Issue::error("a \"b\"")]), @r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"a \"b\""}]}"#);
    }
}
