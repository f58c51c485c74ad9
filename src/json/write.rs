//! Values back to text: as they were written without the white space, or indented.

use super::{Kind, Value};
use std::fmt::Write;

impl Value<'_> {
    /// Appends the value without white space between tokens; keys, strings and numbers exactly as written.
    pub fn write_compact(self, output: &mut String) {
        self.write(output, None, 0);
    }

    /// Appends the value indented by two spaces a level (`_pretty=true`); keys, strings and numbers exactly as written.
    pub fn write_pretty(self, output: &mut String) {
        self.write(output, Some(2), 0);
    }

    fn write(self, output: &mut String, indent: Option<usize>, level: usize) {
        let (open, close) = match self.kind() {
            Kind::Object => ('{', '}'),
            Kind::Array => ('[', ']'),
            _ => return output.push_str(self.source()),
        };
        output.push(open);
        let mut empty = true;
        // Of the two, only the one that fits the kind yields anything.
        for child in self.members().map(|(_, member)| member).chain(self.items()) {
            if !empty {
                output.push(',');
            }
            empty = false;
            new_line(output, indent, level + 1);
            if let Some(key) = child.key_span() {
                output.push_str(&self.document().text()[key]);
                output.push_str(if indent.is_some() { ": " } else { ":" });
            }
            child.write(output, indent, level + 1);
        }
        if !empty {
            new_line(output, indent, level);
        }
        output.push(close);
    }
}

fn new_line(output: &mut String, indent: Option<usize>, level: usize) {
    if let Some(width) = indent {
        output.push('\n');
        output.extend(std::iter::repeat_n(' ', width * level));
    }
}

/// `text` as a JSON string with its quotes.
pub fn escape(text: &str) -> String {
    let mut output = String::with_capacity(text.len() + 2);
    write_escaped(&mut output, text);
    output
}

/// Appends `text` as a JSON string with its quotes.
pub fn write_escaped(output: &mut String, text: &str) {
    output.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        // The bytes looked for are ASCII, so `at` is a character boundary.
        output.push_str(&text[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => output.push_str("\\\""),
            b'\\' => output.push_str("\\\\"),
            b'\n' => output.push_str("\\n"),
            b'\r' => output.push_str("\\r"),
            b'\t' => output.push_str("\\t"),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(output, "\\u{byte:04x}");
            }
        }
    }
    output.push_str(&text[plain..]);
    output.push('"');
}
