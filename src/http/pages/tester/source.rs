//! JSON as it is read on a page: numbered lines in colours, with links where it refers to something.

use std::collections::BTreeMap;
use std::fmt::Write;

/// More lines than these are left out: a page of a hundred thousand lines helps nobody.
const MOST_LINES: usize = 4000;

/// A longer line is cut: the whole of it is in the answer itself.
const LONGEST_LINE: usize = 1000;

/// A text in numbered lines. It need not be JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// What the ids of lines begin with.
    prefix: &'static str,
    /// The lines as HTML.
    lines: Vec<String>,
    /// How many lines are left out.
    pub left_out: usize,
    /// The gravest severity at a line, and where it is told.
    marks: BTreeMap<usize, (&'static str, String)>,
}

impl Source {
    /// Colours a text. `link` gives the page that stands for an address the text refers to; ids of lines are `prefix-1` and so on.
    pub fn new(prefix: &'static str, text: &str, link: impl Fn(&str) -> Option<String>) -> Source {
        let mut lines: Vec<String> = text.lines().take(MOST_LINES).map(|line| short(line, &link)).collect();
        if lines.is_empty() {
            lines.push(String::new());
        }
        let left_out = text.lines().count().saturating_sub(MOST_LINES);
        Source { prefix, lines, left_out, marks: BTreeMap::new() }
    }

    /// Marks a line (from 1) as one of which something is told at `href`; the first mark of a line stays.
    pub fn mark(&mut self, line: usize, severity: &'static str, href: String) {
        self.marks.entry(line).or_insert((severity, href));
    }

    /// The address of a line (from 1) on the same page, when it is shown.
    pub fn address(&self, line: usize) -> Option<String> {
        (1..=self.lines.len()).contains(&line).then(|| format!("#{}-{line}", self.prefix))
    }

    /// The HTML: one element for each line.
    pub(super) fn html(&self) -> String {
        let mut html = String::with_capacity(self.lines.iter().map(|line| line.len() + 48).sum());
        for (index, line) in self.lines.iter().enumerate() {
            let number = index + 1;
            let mark = self.marks.get(&number);
            let class = mark.map_or(String::new(), |(severity, _)| format!(" marked-{severity}"));
            // Writing to a String cannot fail.
            let _ = write!(html, "<span class=\"row{class}\" id=\"{}-{number}\">{line}", self.prefix);
            if let Some((severity, href)) = mark {
                let _ = write!(html, " <a class=\"mark-link\" href=\"{href}\">{severity}</a>");
            }
            html.push_str("\n</span>");
        }
        html
    }
}

/// Appends a text so that HTML shows it as it is.
pub fn push_escaped(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

/// One line in colours, cut when it is very long; how many characters are missing stands at its end.
fn short(line: &str, link: &impl Fn(&str) -> Option<String>) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        None => coloured(line, link),
        Some((at, _)) => {
            let missing = line[at..].chars().count();
            format!("{}<span class=\"cut\">… +{missing}</span>", coloured(&line[..at], link))
        }
    }
}

/// One line in colours: keys, strings, numbers and words.
fn coloured(line: &str, link: &impl Fn(&str) -> Option<String>) -> String {
    let mut html = String::with_capacity(line.len() * 2);
    let mut key = "";
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (token, class) = match first {
            '"' => {
                let end = end_of_string(rest);
                let is_key = rest[end..].trim_start().starts_with(':');
                (&rest[..end], if is_key { "json-key" } else { "json-string" })
            }
            '-' | '0'..='9' => {
                let is_in = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
                (&rest[..rest.find(|character| !is_in(character)).unwrap_or(rest.len())], "json-number")
            }
            'a'..='z' => {
                let end = rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len());
                let is_word = matches!(&rest[..end], "true" | "false" | "null");
                (&rest[..end], if is_word { "json-word" } else { "" })
            }
            other => (&rest[..other.len_utf8()], ""),
        };
        let inside = token.strip_prefix('"').and_then(|token| token.strip_suffix('"')).unwrap_or_default();
        let refers = class == "json-string" && matches!(key, "reference" | "url" | "fullUrl" | "location");
        let target = if refers && !inside.contains('\\') { link(inside) } else { None };
        match (class, target) {
            ("", _) => push_escaped(&mut html, token),
            (class, Some(target)) => {
                let _ = write!(html, "<a class=\"{class}\" href=\"");
                push_escaped(&mut html, &target);
                html.push_str("\">");
                push_escaped(&mut html, token);
                html.push_str("</a>");
            }
            (class, None) => {
                let _ = write!(html, "<span class=\"{class}\">");
                push_escaped(&mut html, token);
                html.push_str("</span>");
            }
        }
        if class == "json-key" {
            key = inside;
        }
        rest = &rest[token.len()..];
    }
    html
}

/// Where the string ends with which a text begins: behind its closing quote, or at the end of what is none.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        Source::new("body", text, |address| address.strip_prefix("Patient/").map(|id| format!("/ui/Patient/{id}?a&b")))
            .html()
    }

    #[test]
    fn json_is_coloured_linked_and_escaped() {
        insta::assert_snapshot!(html("{\"reference\": \"Patient/1\", \"n\": -72.50, \"b\": true}"), @r#"
        <span class="row" id="body-1">{<span class="json-key">&quot;reference&quot;</span>: <a class="json-string" href="/ui/Patient/1?a&amp;b">&quot;Patient/1&quot;</a>, <span class="json-key">&quot;n&quot;</span>: <span class="json-number">-72.50</span>, <span class="json-key">&quot;b&quot;</span>: <span class="json-word">true</span>}
        </span>
        "#);
        let nasty = html("{\"<script>\": \"\\\"</span><img src=x onerror=alert(1)>'\"} <b> \"open & ä");
        assert!(!nasty.contains("<script") && !nasty.contains("<img") && !nasty.contains("<b>"), "{nasty}");
        assert!(nasty.contains("&quot;open &amp; ä"), "{nasty}");
    }

    #[test]
    fn long_texts_are_cut_and_lines_are_marked() {
        let mut source = Source::new("request", &"1\n".repeat(MOST_LINES + 5), |_| None);
        assert_eq!(source.left_out, 5);
        assert_eq!((source.address(1).as_deref(), source.address(MOST_LINES + 1)), (Some("#request-1"), None));
        source.mark(1, "error", "#issue-1".to_owned());
        assert!(source.html().starts_with(
            "<span class=\"row marked-error\" id=\"request-1\"><span class=\"json-number\">1</span> <a class=\"mark-link\" href=\"#issue-1\">error</a>"
        ));
        assert_eq!(Source::new("body", "", |_| None).lines.len(), 1);
    }
}
