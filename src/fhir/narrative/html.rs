//! A narrative as HTML that may stand in a page of ours: written anew from what was read, so that nothing is left to how
//! a browser's HTML parser would read XHTML.

use super::markup::{Attribute, Event, Reader};
use super::{check, entities, local, rules};
use crate::fhir::primitive::Severity;

/// The inside of a narrative's div as HTML, or nothing when it breaks the rules.
///
/// Kept are the allowed elements with `lang`, `dir`, `title`, the spans of cells, and links to `http` and `https`. Headings
/// become strong paragraphs, because the page has an order of its own; images become their alternative text. CDATA sections
/// are dropped, as the national service's reader drops them.
pub fn to_html(div: &str) -> Option<String> {
    if check(div).iter().any(|problem| problem.severity == Severity::Error) {
        return None;
    }
    let mut html = String::with_capacity(div.len());
    let mut reader = Reader::new(div);
    // What closes each open element; the root has nothing.
    let mut open: Vec<&'static str> = Vec::new();
    while let Some(event) = reader.next().ok()? {
        match event {
            Event::Start { .. } if open.is_empty() => open.push(""),
            Event::Start { name, attributes, .. } => open.push(start(&mut html, local(name), &attributes)?),
            Event::Text { text, .. } => escape(&mut html, text),
            Event::End => html.push_str(open.pop()?),
        }
    }
    Some(html)
}

/// Writes a start tag; gives the end tag.
fn start(html: &mut String, name: &str, attributes: &[Attribute<'_>]) -> Option<&'static str> {
    let value = |name: &str| attributes.iter().find(|each| each.name == name).map(|each| each.value);
    let (tag, end) = match name {
        "br" | "hr" | "col" => {
            html.push('<');
            html.push_str(name);
            html.push('>');
            return Some("");
        }
        "img" | "area" => {
            escape(html, value("alt").unwrap_or_default());
            return Some("");
        }
        "map" => return Some(""),
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => ("p class=\"strong\"", "</p>"),
        name if rules::is_allowed_element(name) => KEPT.iter().find(|(tag, _)| *tag == name).copied()?,
        _ => return None,
    };
    html.push('<');
    html.push_str(tag);
    let mut attribute = |name: &str, value: &str| {
        html.push(' ');
        html.push_str(name);
        html.push_str("=\"");
        escape(html, value);
        html.push('"');
    };
    if let Some(language) = value("lang").or_else(|| value("xml:lang")) {
        attribute("lang", language);
    }
    if let Some(direction @ ("ltr" | "rtl" | "auto")) = value("dir") {
        attribute("dir", direction);
    }
    if let Some(title) = value("title") {
        attribute("title", title);
    }
    for span in ["colspan", "rowspan"] {
        if let Some(number) = value(span).filter(|number| number.parse::<u8>().is_ok()) {
            attribute(span, number);
        }
    }
    let address = value("href").map(str::trim).filter(|_| name == "a").filter(|address| is_web(address));
    if let Some(address) = address {
        attribute("href", address);
        attribute("rel", "noopener noreferrer nofollow");
    }
    html.push('>');
    Some(end)
}

fn is_web(address: &str) -> bool {
    let starts = |prefix: &str| address.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    starts("https://") || starts("http://")
}

/// The elements that are written as they are.
const KEPT: [(&str, &str); 41] = [
    ("p", "</p>"),
    ("div", "</div>"),
    ("a", "</a>"),
    ("span", "</span>"),
    ("b", "</b>"),
    ("em", "</em>"),
    ("i", "</i>"),
    ("strong", "</strong>"),
    ("small", "</small>"),
    ("big", "</big>"),
    ("tt", "</tt>"),
    ("dfn", "</dfn>"),
    ("q", "</q>"),
    ("var", "</var>"),
    ("abbr", "</abbr>"),
    ("acronym", "</acronym>"),
    ("cite", "</cite>"),
    ("blockquote", "</blockquote>"),
    ("address", "</address>"),
    ("bdo", "</bdo>"),
    ("kbd", "</kbd>"),
    ("sub", "</sub>"),
    ("sup", "</sup>"),
    ("ul", "</ul>"),
    ("ol", "</ol>"),
    ("li", "</li>"),
    ("dl", "</dl>"),
    ("dt", "</dt>"),
    ("dd", "</dd>"),
    ("pre", "</pre>"),
    ("table", "</table>"),
    ("caption", "</caption>"),
    ("colgroup", "</colgroup>"),
    ("thead", "</thead>"),
    ("tr", "</tr>"),
    ("tfoot", "</tfoot>"),
    ("tbody", "</tbody>"),
    ("th", "</th>"),
    ("td", "</td>"),
    ("code", "</code>"),
    ("samp", "</samp>"),
];

/// Adds text whose references are resolved and whose special characters are escaped for HTML.
fn escape(html: &mut String, text: &str) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let reference = rest.strip_prefix('&').and_then(|behind| behind.split_once(';')).map(|(name, _)| name);
        let decoded = reference.and_then(|name| Some((entities::decode(name)?, name.len() + 2)));
        let (letter, length) = decoded.unwrap_or((first, first.len_utf8()));
        match letter {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            control if control.is_control() && !control.is_whitespace() => html.push('\u{fffd}'),
            other => html.push(other),
        }
        rest = &rest[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(inside: &str) -> Option<String> {
        to_html(&format!("<div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"fi\">{inside}</div>"))
    }

    #[test]
    fn what_is_allowed_is_kept_without_style_and_names() {
        assert_eq!(
            html("<h2 id=\"content\" style=\"x\">Paino</h2>72,5&#160;kg &lt;ok&gt;<br/><b class=\"x\">&amp;</b>")
                .unwrap(),
            "<p class=\"strong\">Paino</p>72,5\u{a0}kg &lt;ok&gt;<br><b>&amp;</b>"
        );
        assert_eq!(
            html("<table><tr><td colspan=\"2\">a</td><td rowspan=\"x\">b</td></tr></table>").unwrap(),
            "<table><tr><td colspan=\"2\">a</td><td>b</td></tr></table>"
        );
    }

    #[test]
    fn links_lead_to_the_web_only_and_images_are_words() {
        assert_eq!(
            html("<a href=\"https://a.example/?x=1&amp;y=&quot;\">a</a>").unwrap(),
            "<a href=\"https://a.example/?x=1&amp;y=&quot;\" rel=\"noopener noreferrer nofollow\">a</a>"
        );
        assert_eq!(html("<a href=\"/citizen/sign-out\">a</a>").unwrap(), "<a>a</a>");
        assert_eq!(html("<a href=\"java&#115;cript:alert(1)\">a</a>").unwrap(), "<a>a</a>");
        assert_eq!(html("x<img src=\"/a.png\" alt=\"kuva &lt;1&gt;\"/>").unwrap(), "xkuva &lt;1&gt;");
    }

    #[test]
    fn what_html_would_read_otherwise_cannot_break_out() {
        assert_eq!(html("a<![CDATA[><form action=\"/x\">]]>b<div/>c").unwrap(), "ab<div></div>c");
        assert_eq!(html("a<!-- --!><script> -->b").unwrap(), "ab");
        assert_eq!(html("a<?x > <form> ?>b").unwrap(), "ab");
        assert_eq!(html("a<script>1</script>"), None);
        assert_eq!(html("a<form/>"), None);
        assert_eq!(html("<p>a</div>"), None);
    }
}
