//! Characters to tokens.

use super::moment::Moment;
use super::parser::ParseError;
use std::borrow::Cow;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A name, a keyword or a word operator.
    Name(&'t str),
    /// A name in backticks, never a keyword.
    Delimited(Cow<'t, str>),
    /// `%name` without the sign.
    Variable(Cow<'t, str>),
    /// `$this` without the sign.
    Dollar(&'t str),
    /// A string in single or double quotes.
    String(Cow<'t, str>),
    /// Digits, perhaps with a point and more digits.
    Number(&'t str),
    /// A literal that starts with `@`.
    Moment(Moment),
    /// Punctuation and operators that are not words.
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// Longer symbols first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 23] = [
    "!=", "!~", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*", "/", "|", "&", "=", "~", "<", ">",
    ":",
];

pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0 }
    }

    /// Where the token that was read last ends.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next token and where it starts.
    pub(super) fn next(&mut self) -> Result<(Token<'t>, usize), ParseError> {
        self.skip_space()?;
        let start = self.at;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else {
            return Ok((Token::End, start));
        };
        let token = match first {
            'A'..='Z' | 'a'..='z' | '_' => Token::Name(self.take_while(is_name)),
            '0'..='9' => Token::Number(self.number()),
            '\'' | '"' => Token::String(self.quoted(first)?),
            '`' => Token::Delimited(self.quoted('`')?),
            '@' => Token::Moment(self.moment()?),
            '%' => {
                self.at += 1;
                match self.peek() {
                    Some(quote @ ('`' | '\'' | '"')) => Token::Variable(self.quoted(quote)?),
                    Some(next) if is_name(next) => Token::Variable(Cow::Borrowed(self.variable())),
                    _ => return Err(ParseError::new("a variable's name should follow '%'", start)),
                }
            }
            '$' => {
                self.at += 1;
                Token::Dollar(self.take_while(is_name))
            }
            _ => {
                let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
                let symbol = symbol.ok_or_else(|| ParseError::new(format!("unexpected character {first:?}"), start))?;
                self.at += symbol.len();
                Token::Symbol(symbol)
            }
        };
        Ok((token, start))
    }

    /// As HAPI, `%vs-name` and `%ext-name` are also taken without backticks.
    fn variable(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let hyphens = rest.starts_with("vs-") || rest.starts_with("ext-");
        self.take_while(|next| is_name(next) || hyphens && next == '-')
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'t str {
        let rest = &self.text[self.at..];
        let length = rest.find(|next| !accepts(next)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_space(&mut self) -> Result<(), ParseError> {
        loop {
            self.take_while(char::is_whitespace);
            let rest = &self.text[self.at..];
            if rest.starts_with("//") {
                self.take_while(|next| next != '\n');
            } else if rest.starts_with("/*") {
                let length = rest.find("*/").ok_or_else(|| ParseError::new("a comment that does not end", self.at))?;
                self.at += length + 2;
            } else {
                return Ok(());
            }
        }
    }

    /// A point belongs to the number only when a digit follows: `1.toString()` is a call.
    fn number(&mut self) -> &'t str {
        let start = self.at;
        self.take_while(|next| next.is_ascii_digit());
        let rest = &self.text.as_bytes()[self.at..];
        if rest.first() == Some(&b'.') && rest.get(1).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
            self.take_while(|next| next.is_ascii_digit());
        }
        &self.text[start..self.at]
    }

    fn moment(&mut self) -> Result<Moment, ParseError> {
        let start = self.at;
        self.at += 1;
        let moment = if self.peek() == Some('T') {
            self.at += 1;
            Moment::time(self.moment_text())
        } else {
            let text = self.moment_text();
            if text.contains('T') { Moment::date_time(text) } else { Moment::date(text) }
        };
        moment.ok_or_else(|| ParseError::new("not a date or time", start))
    }

    /// As the number: a point only before a digit, so that `@2020-01-01.toString()` is a call.
    fn moment_text(&mut self) -> &'t str {
        let bytes = self.text.as_bytes();
        let start = self.at;
        while let Some(byte) = bytes.get(self.at) {
            let fraction = *byte == b'.' && bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit);
            if !(byte.is_ascii_digit() || b"-:+TZ".contains(byte) || fraction) {
                break;
            }
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// A text between quotes, with its escapes resolved.
    fn quoted(&mut self, quote: char) -> Result<Cow<'t, str>, ParseError> {
        let start = self.at;
        self.at += 1;
        let content = &self.text[self.at..];
        let end = content.find([quote, '\\']).ok_or_else(|| unterminated(start))?;
        if content[end..].starts_with(quote) {
            self.at += end + 1;
            return Ok(Cow::Borrowed(&content[..end]));
        }
        let mut result = String::new();
        loop {
            let rest = &self.text[self.at..];
            let length = rest.find([quote, '\\']).ok_or_else(|| unterminated(start))?;
            result.push_str(&rest[..length]);
            self.at += length + 1;
            if rest[length..].starts_with(quote) {
                return Ok(Cow::Owned(result));
            }
            result.push(self.escape(start)?);
        }
    }

    /// What stands after a backslash.
    fn escape(&mut self, start: usize) -> Result<char, ParseError> {
        let place = self.at - 1;
        let escape = self.peek().ok_or_else(|| unterminated(start))?;
        self.at += escape.len_utf8();
        Ok(match escape {
            '\'' | '"' | '`' | '\\' | '/' => escape,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\u{c}',
            'u' => {
                let digits = self.text.get(self.at..self.at + 4);
                let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let code = code.ok_or_else(|| ParseError::new("four hexadecimal digits should follow \\u", place))?;
                self.at += 4;
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(ParseError::new(format!("unknown escape \\{escape}"), place)),
        })
    }
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn unterminated(start: usize) -> ParseError {
    ParseError::new("a quote that does not end", start)
}
