use super::*;
use crate::json::Document;
use proptest::prelude::*;

fn judge(type_name: &str, json: &str) -> Result<(), Problem> {
    let document = Document::parse(json).unwrap();
    check(type_name, document.root(), Version::R4)
}

#[test]
fn good_values_pass() {
    for (type_name, values) in [
        ("boolean", &["true", "false"] as &[&str]),
        ("integer", &["0", "-1", "2147483647"]),
        ("unsignedInt", &["0", "1"]),
        ("positiveInt", &["1"]),
        ("decimal", &["72.50", "-0.1", "1e3", "0"]),
        ("string", &["\"a\"", "\"a b\\nc\"", "\"å\""]),
        ("markdown", &["\" * a \""]),
        ("uri", &["\"http://loinc.org\"", "\"urn:oid:1.2.246.537.6.55\"", "\"urn:ietf:rfc:3986\"", "\"#a\""]),
        ("oid", &["\"urn:oid:1.2.246\""]),
        ("uuid", &["\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\""]),
        ("code", &["\"a\"", "\"a b\"", "\"{a}/mL\""]),
        ("id", &["\"A-1.b\""]),
        ("date", &["\"2020\"", "\"2020-02\"", "\"2020-02-29\""]),
        ("dateTime", &["\"2020\"", "\"2020-02-29\"", "\"2020-02-29T10:00:00.123+14:00\""]),
        ("instant", &["\"2020-02-29T10:00:00Z\"", "\"2020-02-29T10:00:00.123456-03:30\""]),
        ("time", &["\"23:59:59\"", "\"00:00:00.5\""]),
        ("base64Binary", &["\"AAAA\"", "\"AA==\"", "\"AA\\nA=\""]),
        ("xhtml", &["\"<div/>\""]),
        ("Quantity", &["{}", "1"]),
    ] {
        for value in values {
            assert_eq!(judge(type_name, value), Ok(()), "{type_name} {value}");
        }
    }
}

#[test]
fn bad_values_are_errors_with_the_validators_texts() {
    for (type_name, value, text) in [
        ("boolean", "\"true\"", "Error parsing JSON: the primitive value must be a boolean"),
        ("decimal", "\"72.5\"", "Error parsing JSON: the primitive value must be a number"),
        ("integer", "true", "Error parsing JSON: the primitive value must be a number"),
        ("string", "1", "Error parsing JSON: the primitive value must be a string"),
        ("code", "{}", "Error parsing JSON: the primitive value must be a string"),
        ("integer", "1.0", "The value '1.0' is not a valid integer"),
        ("integer", "2147483648", "The value '2147483648' is not a valid integer"),
        ("unsignedInt", "-1", "value is less than permitted minimum value of 0"),
        ("positiveInt", "0", "value is less than permitted minimum value of 1"),
        ("uri", "\"oid:1.2\"", "URI values cannot start with oid:"),
        ("uri", "\"uuid:1\"", "URI values cannot start with uuid:"),
        ("url", "\"a b\"", "URI values cannot have whitespace('a b')"),
        ("oid", "\"1.2.3\"", "OIDs must start with urn:oid:"),
        ("oid", "\"urn:oid:3.2\"", "OIDs must be valid"),
        ("oid", "\"urn:oid:1.02\"", "OIDs must be valid"),
        ("uuid", "\"urn:uuid:1\"", "UUIDs must be valid (Invalid UUID string: 1)"),
        ("code", "\" a\"", "The code ' a' is not valid (whitespace rules)"),
        ("code", "\"a  b\"", "The code 'a  b' is not valid (whitespace rules)"),
        ("code", "\"a\\tb\"", "The code 'a\tb' is not valid (whitespace rules)"),
        ("id", "\"a_b\"", "id value 'a_b' is not valid"),
        ("date", "\"2020-13\"", "Not a valid date (Invalid date/time format: \"2020-13\")"),
        ("date", "\"2019-02-29\"", "Not a valid date (Invalid date/time format: \"2019-02-29\")"),
        ("date", "\"0000\"", "Not a valid date (Invalid date/time format: \"0000\")"),
        ("dateTime", "\"2020-02-30\"", "Not a valid date/time (Invalid date/time format: \"2020-02-30\")"),
        (
            "dateTime",
            "\"2020-02-01T10:00Z\"",
            "Not a valid date/time (Invalid date/time format: \"2020-02-01T10:00Z\")",
        ),
        ("dateTime", "\"2020-02-01T10:00:00\"", "if a date has a time, it must have a timezone"),
        ("dateTime", "\"2020-02-01T\"", "Not a valid date/time (Invalid date/time format: \"2020-02-01T\")"),
        ("instant", "\"2020-02-01\"", "The instant '2020-02-01' is not valid (by regex)"),
        ("time", "\"24:00:00\"", "Not a valid time"),
        ("time", "\"10:00\"", "Not a valid time"),
        ("base64Binary", "\"A\"", "The value 'A' is not a valid Base64 value"),
        ("base64Binary", "\"A=AA\"", "The value 'A=AA' is not a valid Base64 value"),
    ] {
        assert_eq!(judge(type_name, value), Err(Problem::error(text)), "{type_name} {value}");
    }
    let long = format!("\"{}\"", "a".repeat(65));
    assert!(judge("id", &long).is_err());
    let long = format!("\"{}\"", "a".repeat(LONGEST_STRING + 1));
    assert_eq!(judge("string", &long).unwrap_err().severity, Severity::Error);
}

#[test]
fn doubtful_values_are_warnings() {
    for (type_name, value, text) in [
        ("string", "\"\"", "@value cannot be empty"),
        ("string", "\" \\n\"", "Primitive types should not only be whitespace"),
        ("string", "\"a \"", "value should not start or finish with whitespace"),
        (
            "decimal",
            "0.1234567890123456789",
            "The value '0.1234567890123456789' is outside the range of commonly/reasonably supported decimals",
        ),
        ("date", "\"1799\"", "The value '1799' is outside the range of reasonable years - check for data entry error"),
    ] {
        assert_eq!(judge(type_name, value), Err(Problem::warning(text)), "{type_name} {value}");
    }
}

#[test]
fn html_in_a_string_is_mentioned() {
    for tagged in ["<b>a</b>", "a <p class='x'>b<", "1 < 2 <br > <"] {
        let problem = judge("string", &format!("\"{tagged}\"")).unwrap_err();
        assert_eq!(problem.severity, Severity::Information, "{tagged}");
        assert!(problem.text.starts_with("The string value contains embedded HTML tags."));
    }
    for plain in ["a < b", "<b>a", "a <- b -> c <", "<1>a</1>", "<>a<"] {
        assert_eq!(judge("markdown", &format!("\"{plain}\"")), Ok(()), "{plain}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,20}", type_name in prop::sample::select(vec![
        "string", "uri", "oid", "uuid", "code", "id", "date", "dateTime", "instant", "time", "base64Binary", "markdown",
    ])) {
        let mut json = String::new();
        crate::json::write_escaped(&mut json, &text);
        if let Ok(document) = Document::parse(json) {
            let _ = check(type_name, document.root(), Version::Stu3);
        }
    }

    #[test]
    fn dates_near_the_format_do_not_panic(text in "[0-9]{0,4}[-T:Z+.0-9]{0,24}") {
        let document = Document::parse(format!("\"{text}\"")).unwrap();
        for type_name in ["date", "dateTime", "instant", "time"] {
            let _ = check(type_name, document.root(), Version::R4);
        }
    }
}

#[test]
fn a_leap_second_is_one_of_r4() {
    let document = Document::parse("\"2016-12-31T23:59:60Z\"").unwrap();
    for type_name in ["dateTime", "instant"] {
        assert_eq!(check(type_name, document.root(), Version::R4), Ok(()));
        assert!(check(type_name, document.root(), Version::Stu3).is_err());
    }
}
