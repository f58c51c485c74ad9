//! Text to nodes, by RFC 8259 and nothing more.

use super::{Document, Kind, Node, ParseError, Position};
use std::sync::Arc;

/// How deep arrays and objects may nest. FHIR resources stay far below; deeper input is refused before it can hurt.
pub const MAX_DEPTH: usize = 128;

pub(super) fn parse(text: Arc<str>) -> Result<Document, ParseError> {
    if u32::try_from(text.len()).is_err() {
        return Err(error_at(&text, 0, "the text is longer than 4 GiB".to_owned()));
    }
    let mut parser = Parser {
        text: &text,
        bytes: text.as_bytes(),
        at: 0,
        nodes: Vec::with_capacity(text.len() / 16),
        decoded: Vec::new(),
    };
    if text.starts_with('\u{FEFF}') {
        parser.at = 3;
    }
    parser.value(None, None, 0)?;
    parser.skip_space();
    if parser.at < parser.bytes.len() {
        return Err(parser.error("there is more after the end of the JSON value"));
    }
    let Parser { nodes, decoded, .. } = parser;
    Ok(Document { text, nodes, decoded })
}

pub(super) fn error_at(text: &str, offset: usize, message: String) -> ParseError {
    let Position { line, column } = position(text, offset);
    ParseError { message, line, column, offset }
}

pub(super) fn position(text: &str, offset: usize) -> Position {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    // Bytes that start a character: everything but UTF-8 continuation bytes.
    let column = before[line_start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
    Position { line: line as u32, column: column as u32 }
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    nodes: Vec<Node>,
    decoded: Vec<Box<str>>,
}

/// The bytes between the quotes, and the decoded form when it differs.
type StringToken = ((u32, u32), Option<u32>);

impl Parser<'_> {
    fn value(&mut self, key: Option<(u32, u32)>, decoded_key: Option<u32>, depth: usize) -> Result<(), ParseError> {
        self.skip_space();
        let index = self.nodes.len();
        let start = self.at as u32;
        let mut node =
            Node { kind: Kind::Null, start, end: start, end_of_subtree: 0, key, decoded_key, decoded_value: None };
        self.nodes.push(node);
        match self.peek() {
            Some(b'{') => {
                node.kind = Kind::Object;
                self.object(depth)?;
            }
            Some(b'[') => {
                node.kind = Kind::Array;
                self.array(depth)?;
            }
            Some(b'"') => {
                node.kind = Kind::String;
                node.decoded_value = self.string()?.1;
            }
            Some(b'-' | b'0'..=b'9') => {
                node.kind = Kind::Number;
                self.number()?;
            }
            Some(b't') => {
                node.kind = Kind::Boolean;
                self.word("true")?;
            }
            Some(b'f') => {
                node.kind = Kind::Boolean;
                self.word("false")?;
            }
            Some(b'n') => self.word("null")?,
            Some(_) => return Err(self.unexpected("a value")),
            None => return Err(self.error("the text ends where a value should stand")),
        }
        node.end = self.at as u32;
        node.end_of_subtree = self.nodes.len() as u32;
        self.nodes[index] = node;
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), ParseError> {
        self.open(depth)?;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let (key, decoded_key) = self.string()?;
            if !self.take(b':') {
                return Err(self.unexpected("':' after the key"));
            }
            self.value(Some(key), decoded_key, depth + 1)?;
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.unexpected("',' or '}' after the member"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), ParseError> {
        self.open(depth)?;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            self.value(None, None, depth + 1)?;
            if self.take(b']') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.unexpected("',' or ']' after the item"));
            }
        }
    }

    fn open(&mut self, depth: usize) -> Result<(), ParseError> {
        if depth >= MAX_DEPTH {
            return Err(self.error(&format!("the text nests deeper than {MAX_DEPTH} levels")));
        }
        self.at += 1;
        Ok(())
    }

    /// Stands on the opening quote; ends behind the closing one.
    fn string(&mut self) -> Result<StringToken, ParseError> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => return self.escaped_string(start),
                Some(0..=0x1F) => return Err(self.error("a control character in a string must be escaped")),
                Some(_) => self.at += 1,
                None => return Err(self.error("the text ends within a string")),
            }
        }
        self.at += 1;
        Ok(((start as u32, self.at as u32 - 1), None))
    }

    /// Goes on from the first backslash of a string that began at `start`.
    fn escaped_string(&mut self, start: usize) -> Result<StringToken, ParseError> {
        let mut decoded = self.text[start..self.at].to_owned();
        loop {
            let plain = self.at;
            while let Some(byte) = self.peek() {
                match byte {
                    b'"' | b'\\' => break,
                    0..=0x1F => return Err(self.error("a control character in a string must be escaped")),
                    _ => self.at += 1,
                }
            }
            decoded.push_str(&self.text[plain..self.at]);
            match self.peek() {
                Some(b'"') => break,
                Some(_) => decoded.push(self.escape()?),
                None => return Err(self.error("the text ends within a string")),
            }
        }
        self.at += 1;
        self.decoded.push(decoded.into_boxed_str());
        Ok(((start as u32, self.at as u32 - 1), Some(self.decoded.len() as u32 - 1)))
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let begin = self.at;
        self.at += 1;
        let letter = self.peek();
        self.at += 1;
        let character = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit = self.hexadecimal(begin)?;
                let code = match unit {
                    0xD800..=0xDBFF if self.bytes[self.at..].starts_with(b"\\u") => {
                        self.at += 2;
                        let low = self.hexadecimal(begin)?;
                        if !(0xDC00..=0xDFFF).contains(&low) {
                            return Err(self.error_from(begin, "a surrogate pair is broken"));
                        }
                        0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
                    }
                    other => other,
                };
                return char::from_u32(code).ok_or_else(|| self.error_from(begin, "a surrogate stands alone"));
            }
            _ => return Err(self.error_from(begin, "the string holds an escape that JSON does not know")),
        };
        Ok(character)
    }

    fn hexadecimal(&mut self, begin: usize) -> Result<u32, ParseError> {
        let digits = self.bytes.get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let unit = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|text| u32::from_str_radix(text, 16).ok());
        self.at += 4;
        unit.ok_or_else(|| self.error_from(begin, "\\u must be followed by four hexadecimal digits"))
    }

    fn number(&mut self) -> Result<(), ParseError> {
        let begin = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected("a digit")),
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error_from(begin, "a number must not start with a zero"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.unexpected("a digit after the decimal point"));
            }
            self.digits();
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if !matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.unexpected("a digit in the exponent"));
            }
            self.digits();
        }
        Ok(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str) -> Result<(), ParseError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips white space and takes `byte` if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, wanted: &str) -> ParseError {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => self.error(&format!("found {found:?} where {wanted} should stand")),
            None => self.error(&format!("the text ends where {wanted} should stand")),
        }
    }

    fn error(&self, message: &str) -> ParseError {
        self.error_from(self.at, message)
    }

    fn error_from(&self, offset: usize, message: &str) -> ParseError {
        error_at(self.text, offset.min(self.bytes.len()), message.to_owned())
    }
}
