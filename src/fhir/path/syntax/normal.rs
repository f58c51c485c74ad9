//! An expression's text in the form in which HAPI's messages quote it.

use super::lexer::{Lexer, Token};
use super::parser::ParseError;

/// The text with one space around operators and after commas, none elsewhere, and strings in single quotes:
/// `where(code='x')` becomes `where(code = 'x')`. Parentheses stay as written.
///
/// # Errors
/// When the text has a character or literal that no expression has.
pub fn normalised(text: &str) -> Result<String, ParseError> {
    let mut lexer = Lexer::new(text);
    let mut result = String::with_capacity(text.len() + 16);
    // Whether an operand has just ended, so that `-` or `contains` is an operator and no sign or name.
    let mut after_operand = false;
    let mut after_point = false;
    loop {
        let (token, start) = lexer.next()?;
        let mut ends_operand = true;
        match &token {
            Token::End => return Ok(result),
            Token::Name(word) if after_operand && !after_point && is_word_operator(word) => {
                result.push_str(&format!(" {word} "));
                ends_operand = false;
            }
            Token::Symbol(")" | "]" | "}") => result.push_str(&text[start..lexer.position()]),
            Token::Symbol(symbol @ ("(" | "[" | "{" | "." | ":")) => {
                result.push_str(symbol);
                ends_operand = false;
            }
            Token::Symbol(",") => {
                result.push_str(", ");
                ends_operand = false;
            }
            Token::Symbol(symbol) => {
                let space = if after_operand { " " } else { "" };
                result.push_str(&format!("{space}{symbol}{space}"));
                ends_operand = false;
            }
            Token::String(content) => {
                // A unit stands behind its number.
                let space = if after_operand { " " } else { "" };
                result.push_str(&format!("{space}'{}'", escaped(content)));
            }
            Token::Name(word) if after_operand => result.push_str(&format!(" {word}")),
            Token::Name(word) => result.push_str(word),
            Token::Delimited(name) => result.push_str(name),
            Token::Variable(_) | Token::Dollar(_) | Token::Number(_) | Token::Moment(_) => {
                result.push_str(&text[start..lexer.position()]);
            }
        }
        after_operand = ends_operand;
        after_point = token == Token::Symbol(".");
    }
}

fn is_word_operator(word: &str) -> bool {
    matches!(word, "and" | "or" | "xor" | "implies" | "in" | "contains" | "is" | "as" | "div" | "mod")
}

/// As a JSON string would escape it, which is how HAPI does it.
fn escaped(content: &str) -> String {
    let mut result = String::with_capacity(content.len());
    for letter in content.chars() {
        match letter {
            '\r' => result.push_str("\\r"),
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            _ => result.push(letter),
        }
    }
    result
}
