use super::*;
use proptest::prelude::*;

fn div(content: &str) -> String {
    format!(r#"<div xmlns="{XHTML}">{content}</div>"#)
}

fn texts(div: &str) -> Vec<String> {
    check(div).into_iter().map(|problem| problem.text).collect()
}

#[test]
fn an_ordinary_narrative_is_fine() {
    let content = "Kod: LOINC 14745-4 (Vävnadssocker)<br />Tid: 4.9.2021<br/>1 &lt; 2 &amp;&#160;&#228;&#xE4; \
                   <table border=\"1\"><tbody><tr><td style='a:b' colspan=\"2\">x</td></tr></tbody></table>\
                   <!-- a comment --><a href=\"#x\" name=\"y\">l</a><img src=\"data:image/png;base64,AAAA\" alt=\"\"/>";
    assert_eq!(check(&div(content)), []);
    assert!(html_checks(&div(content)));
    assert_eq!(check(&format!("  {}\n", div("x"))), []);
}

#[test]
fn each_violation_is_listed() {
    let text = div(r#"<time datetime="x">12</time><script>a</script><p onclick="x">b</p><h7/>"#);
    assert_eq!(
        texts(&text),
        [
            "Illegal element name in the XHTML ('time')",
            "Illegal attribute name in the XHTML ('datetime' on 'time')",
            "Illegal element name in the XHTML ('script')",
            "Illegal attribute name in the XHTML ('onclick' on 'p')",
            "Illegal element name in the XHTML ('h7')",
        ]
    );
    assert!(!html_checks(&text));
    assert!(!names_are_allowed(&text));
    assert!(has_content(&text));
    assert_eq!(&text[check(&text)[0].span.clone()], r#"<time datetime="x">"#);
    assert_eq!(&text[check(&text)[3].span.clone()], r#"onclick="x""#);
}

#[test]
fn the_root_is_a_div_of_xhtml() {
    assert_eq!(texts("<div>a</div>"), [format!("Wrong namespace on the XHTML ('null', should be '{XHTML}')")]);
    assert_eq!(texts("<div xmlns='u'>a</div>"), [format!("Wrong namespace on the XHTML ('u', should be '{XHTML}')")]);
    let paragraph = format!("<p xmlns='{XHTML}'>a</p>");
    assert_eq!(texts(&paragraph), ["Wrong name on the XHTML ('p') - must start with div"]);
    // Within, the engine looks at prefixes alone.
    assert_eq!(texts(&div("<b xmlns='u'>a</b>")), [""; 0]);
    assert_eq!(texts(&div("<u:b xmlns:u='u'>a</u:b>")), ["Wrong namespace on the XHTML ('u')"]);
}

#[test]
fn no_comment_stands_before_the_div() {
    let refused = ["Error parsing XHTML: a comment must not stand before the div"];
    for before in ["<!-- c -->", " <!---->", "<?pi x?><!-- c -->", "<!-- a > b -->"] {
        assert_eq!(texts(&format!("{before}{}", div("a"))), refused, "{before}");
    }
    for (before, after) in [("<?pi x?>", ""), ("", "<!-- c -->"), ("<!-- xmlns='x' -->", "")] {
        assert_eq!(texts(&format!("{before}{}{after}", div("a"))), [""; 0], "{before}{after}");
    }
}

#[test]
fn a_prefix_stands_for_its_namespace() {
    let prefixed = |name: &str| format!("<{name} xmlns:h='{XHTML}'>a<h:b xmlns:h='{XHTML}'>b</h:b><p>c</p></{name}>");
    assert_eq!(check(&prefixed("h:div")), []);
    assert_eq!(to_html(&prefixed("h:div")).as_deref(), Some("a<b>b</b><p>c</p>"));
    assert_eq!(texts(&prefixed("h:p")), ["Wrong name on the XHTML ('h:p') - must start with div"]);
    assert!(texts(&prefixed("g:div"))[0].contains("http://error/undefined-namespace"));
    // A prefix ends with the element that says it.
    let outside = div(&format!("<p xmlns:h='{XHTML}'><h:b>a</h:b></p><h:b>a</h:b>"));
    assert_eq!(texts(&outside), ["Wrong namespace on the XHTML ('http://error/undefined-namespace')"]);
    assert_eq!(texts(&div("<h:b xmlns:h='u'>a</h:b>")), ["Wrong namespace on the XHTML ('u')"]);
    let script = div(&format!("<h:script xmlns:h='{XHTML}'>a</h:script>"));
    assert_eq!(texts(&script), ["Illegal element name in the XHTML ('script')"]);
}

#[test]
fn there_is_some_content() {
    for empty in ["", "  \n", "<p> </p>", "<!-- text -->", "&#32;&#10;", "<![CDATA[a]]>"] {
        assert_eq!(check(&div(empty))[0].kind, ProblemKind::Empty, "{empty}");
        assert!(!has_content(&div(empty)));
        assert!(names_are_allowed(&div(empty)));
    }
    for content in ["a", "<p>a</p>", "<img src='a.png'/>", "&#160;", "<![CDATA[a]]>b"] {
        assert_eq!(check(&div(content)), [], "{content}");
    }
}

#[test]
fn addresses_are_looked_at() {
    assert_eq!(texts(&div("<a href=''>a</a>")), ["The URL  is not valid (URL is empty)"]);
    assert_eq!(check(&div("<a href=' JavaScript:x()'>a</a>"))[0].kind, ProblemKind::Url);
    assert_eq!(check(&div("<img src='data:image/png;base64,%'/>"))[0].kind, ProblemKind::Url);
    assert_eq!(check(&div("<a href='https://example.org/'>a</a>")), []);
}

#[test]
fn what_is_not_well_formed_is_told_with_its_place() {
    for (text, offset) in [
        ("", 0),
        ("a", 1),
        ("<div>", 5),
        ("<div>a</p></div>", 6),
        ("<div>a</div><div/>", 12),
        ("<div>a</div>b", 13),
        ("<div>&unknown;</div>", 5),
        ("<div>a & b</div>", 7),
        ("<div a>b</div>", 6),
        ("<div a=b>b</div>", 7),
        ("<div a=\"1\" a=\"2\">b</div>", 16),
        ("<!DOCTYPE html><div/>", 0),
        ("<div><</div>", 6),
        ("<div><!-- </div>", 5),
    ] {
        let problems = check(text);
        let last = problems.last().unwrap();
        assert_eq!(last.kind, ProblemKind::Malformed, "{text}");
        assert!(last.text.starts_with("Error parsing XHTML: "), "{}", last.text);
        assert_eq!(last.span.start, offset, "{text}: {}", last.text);
        assert!(!html_checks(text) && !has_content(text) && !names_are_allowed(text));
    }
    assert_eq!(check(&"<div>".repeat(100_000)).last().unwrap().kind, ProblemKind::Malformed);
}

#[test]
fn the_language_is_read_from_the_root() {
    let text = r#"<div lang="sv" xml:lang="fi" xmlns="http://www.w3.org/1999/xhtml"><p lang="en">a</p></div>"#;
    assert_eq!(language(text), Language { lang: Some("sv"), xml_lang: Some("fi") });
    assert_eq!(language(&div("a")), Language::default());
    assert_eq!(language("a"), Language::default());
}

#[test]
fn the_language_of_the_resource_stands_on_the_root_twice() {
    let with = |attributes: &str| {
        let text = format!("<div {attributes} xmlns='{XHTML}'>a</div>");
        check_language(&text, "fi").into_iter().map(|problem| problem.text).collect::<Vec<_>>()
    };
    assert!(with("lang='fi' xml:lang='fi'").is_empty());
    assert_eq!(
        with(""),
        ["Resource has a language, but the XHTML does not have an lang or an xml:lang tag (needs both - see \
          https://www.w3.org/TR/i18n-html-tech-lang/#langvalues)"]
    );
    assert!(with("lang='fi'")[0].contains("does not have an xml:lang tag"));
    assert_eq!(
        with("lang='fi' xml:lang='sv'"),
        ["Resource has a language (fi), and the XHTML has an xml:lang (sv), but they differ "]
    );
}

#[test]
fn entities_are_those_of_xml() {
    for (name, letter) in [("amp", '&'), ("lt", '<'), ("#228", 'ä'), ("#xA0", '\u{a0}'), ("apos", '\'')] {
        assert_eq!(entities::decode(name), Some(letter));
    }
    for unknown in ["", "auml", "nbsp", "#", "#x", "#xD800", "#-1", "#+1", "Nbsp", "#99999999999"] {
        assert_eq!(entities::decode(unknown), None, "{unknown}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "(<|</|/>|>|div|p|a|=|\"|'|&|;|#|x|amp| |<!--|-->|<!\\[CDATA\\[|\\]\\]>|ä|\n|xmlns){0,40}") {
        for problem in check(&text) {
            prop_assert!(text.get(problem.span).is_some());
        }
        let _ = (html_checks(&text), language(&text));
    }
}
