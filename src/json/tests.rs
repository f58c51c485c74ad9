use super::*;
use proptest::prelude::*;

fn error(text: &str) -> String {
    Document::parse(text).unwrap_err().to_string()
}

#[test]
fn numbers_keys_and_order_stay_as_written() {
    let document = Document::parse(r#" {"b": 72.50, "a": [1e3, -0.0], "b": "twice", "ä\n": {}} "#).unwrap();
    let keys: Vec<_> = document.root().members().map(|(key, _)| key).collect();
    assert_eq!(keys, ["b", "a", "b", "ä\n"]);
    assert_eq!(document.root().get("b").unwrap().number(), Some("72.50"));
    let numbers: Vec<_> = document.root().get("a").unwrap().items().filter_map(Value::number).collect();
    assert_eq!(numbers, ["1e3", "-0.0"]);
    let mut compact = String::new();
    document.root().write_compact(&mut compact);
    assert_eq!(compact, r#"{"b":72.50,"a":[1e3,-0.0],"b":"twice","ä\n":{}}"#);
}

#[test]
fn pretty_text_is_indented() {
    let document = Document::parse(r#"{"a":[1,{"b":[]}],"c":{}}"#).unwrap();
    let mut pretty = String::new();
    document.root().write_pretty(&mut pretty);
    assert_eq!(pretty, "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}");
}

#[test]
fn escapes_are_decoded() {
    let document = Document::parse(r#"["\u00e4\uD83D\uDE00\"\\\/\b\f\n\r\t", "\u0041"]"#).unwrap();
    let strings: Vec<_> = document.root().items().filter_map(Value::as_str).collect();
    assert_eq!(strings, ["ä😀\"\\/\u{8}\u{c}\n\r\t", "A"]);
}

#[test]
fn positions_count_lines_and_characters() {
    let document = Document::parse("{\n  \"ä\": \"ö\",\n  \"x\": [true]\n}").unwrap();
    let place = |value: Value<'_>| (value.position().line, value.position().column);
    assert_eq!(place(document.root().get("ä").unwrap()), (2, 8));
    assert_eq!(place(document.root().get("x").unwrap().items().next().unwrap()), (3, 9));
}

#[test]
fn errors_say_what_and_where() {
    assert_eq!(error(""), "the text ends where a value should stand at line 1, column 1");
    assert_eq!(error("{\"a\":1,}"), "found '}' where a key in double quotes should stand at line 1, column 8");
    assert_eq!(error("{\"a\":1"), "the text ends where ',' or '}' after the member should stand at line 1, column 7");
    assert_eq!(error("[1 2]"), "found '2' where ',' or ']' after the item should stand at line 1, column 4");
    assert_eq!(error("{} x"), "there is more after the end of the JSON value at line 1, column 4");
    assert_eq!(error("[01]"), "a number must not start with a zero at line 1, column 2");
    assert_eq!(error("[1.]"), "found ']' where a digit after the decimal point should stand at line 1, column 4");
    assert_eq!(error(r#"["\uD800"]"#), "a surrogate stands alone at line 1, column 3");
    assert_eq!(error(r#"["\x"]"#), "the string holds an escape that JSON does not know at line 1, column 3");
    assert_eq!(error("[\"a"), "the text ends within a string at line 1, column 4");
    assert_eq!(error("[nul]"), "found 'n' where a value should stand at line 1, column 2");
    assert_eq!(error(&"[".repeat(200)), "the text nests deeper than 128 levels at line 1, column 129");
    assert_eq!(
        Document::from_bytes(b"{\"a\": \"\xFF\"}").unwrap_err().to_string(),
        "the text is not UTF-8 at line 1, column 8"
    );
}

#[test]
fn one_or_many() {
    let document = Document::parse(r#"{"many":[1,2],"one":3}"#).unwrap();
    let count = |key: &str| document.root().get(key).unwrap().each().count();
    assert_eq!((count("many"), count("one")), (2, 1));
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "[\\[\\]{}\",:0-9eE+.\\\\u tfnrualse-]{0,60}") {
        let ours = Document::parse(text.as_str());
        let peer = serde_json::from_str::<serde_json::Value>(&text);
        // serde_json refuses numbers beyond f64; we only look at the grammar.
        if let Err(error) = &peer && error.to_string().contains("out of range") {
            return Ok(());
        }
        prop_assert_eq!(ours.is_ok(), peer.is_ok(), "{:?} {:?}", ours, peer);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Document::from_bytes(&bytes);
    }

    #[test]
    fn an_escaped_string_reads_back(text in any::<String>()) {
        let document = Document::parse(escape(&text)).unwrap();
        prop_assert_eq!(document.root().as_str(), Some(text.as_str()));
    }
}
