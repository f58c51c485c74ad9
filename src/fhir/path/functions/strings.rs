//! Functions on texts. Positions count characters, from 0.

use super::super::context::EvaluationError;
use super::super::evaluate::Evaluated;
use super::super::item::{Collection, Item};
use super::super::syntax::Function as F;
use super::{Call, boolean, truth};
use regex::{Regex, RegexBuilder};
use smallvec::smallvec;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

/// The compiled size a regular expression may have, in bytes.
const REGEX_SIZE: usize = 1 << 20;
/// How many compiled expressions are kept: the FHIR definitions have about ten.
const REGEX_COUNT: usize = 64;
/// The longest text that an expression may put together, in bytes.
pub(super) const LONGEST_TEXT: usize = 1 << 20;

pub(super) fn call<'a>(call: &Call<'_, '_, 'a>) -> Evaluated<'a> {
    match call.function {
        F::StartsWith | F::EndsWith | F::Contains => return call.find(),
        F::Join => return call.join(),
        _ => {}
    }
    let Some(text) = call.text()? else {
        return Ok(Collection::new());
    };
    call.evaluator.steps.take(text.len() / 64)?;
    let item = match call.function {
        F::IndexOf => {
            let Some(wanted) = call.argument_text(0)? else {
                return Ok(Collection::new());
            };
            let index = text.find(&*wanted).map_or(-1, |byte| text[..byte].chars().count() as i64);
            Item::Integer(index)
        }
        F::Substring => return call.substring(text),
        F::Upper => Item::String(text.to_uppercase().into()),
        F::Lower => Item::String(text.to_lowercase().into()),
        F::Trim => Item::String(text.trim().to_owned().into()),
        F::Length => Item::Integer(text.chars().count() as i64),
        F::ToChars => {
            call.evaluator.steps.take(text.len())?;
            return Ok(text.chars().map(|letter| Item::String(letter.to_string().into())).collect());
        }
        F::Split => {
            let Some(separator) = call.argument_text(0)? else {
                return Ok(Collection::new());
            };
            call.evaluator.steps.take(text.len())?;
            return Ok(text.split(&*separator).map(|part| Item::String(part.to_owned().into())).collect());
        }
        F::Replace => {
            let (Some(pattern), Some(substitution)) = (call.argument_text(0)?, call.argument_text(1)?) else {
                return Ok(Collection::new());
            };
            call.room_for(&text, &substitution)?;
            Item::String(text.replace(&*pattern, &substitution).into())
        }
        F::ReplaceMatches => {
            let (Some(pattern), Some(substitution)) = (call.argument_text(0)?, call.argument_text(1)?) else {
                return Ok(Collection::new());
            };
            call.room_for(&text, &substitution)?;
            Item::String(regex(&pattern)?.replace_all(&text, &*substitution).into_owned().into())
        }
        // Matches / MatchesFull: HAPI searches, and an invariant that means the whole text says so with ^ and $.
        _ => {
            let Some(pattern) = call.argument_text(0)? else {
                return Ok(Collection::new());
            };
            let pattern =
                if call.function == F::MatchesFull { Cow::Owned(format!("^(?:{pattern})$")) } else { pattern };
            Item::Boolean(regex(&pattern)?.is_match(&text))
        }
    };
    Ok(smallvec![item])
}

impl<'a> Call<'_, '_, 'a> {
    /// `startsWith`, `endsWith` and `contains`. As in HAPI, nothing starts with nothing: an empty input is false, which
    /// `reference.startsWith('#').not()` on a reference by identifier needs.
    fn find(&self) -> Evaluated<'a> {
        let Some(wanted) = self.argument_text(0)? else {
            return Ok(Collection::new());
        };
        let Some(text) = self.text()? else {
            return Ok(truth(false));
        };
        self.evaluator.steps.take(text.len() / 64)?;
        Ok(boolean(Some(match self.function {
            F::StartsWith => text.starts_with(&*wanted),
            F::EndsWith => text.ends_with(&*wanted),
            _ => text.contains(&*wanted),
        })))
    }

    fn substring(&self, text: Cow<'a, str>) -> Evaluated<'a> {
        let (Some(start), length) = (self.argument_integer(0)?, self.argument_integer(1)?) else {
            return Ok(Collection::new());
        };
        let Some((from, _)) = usize::try_from(start).ok().and_then(|start| text.char_indices().nth(start)) else {
            return Ok(Collection::new());
        };
        let to = match length {
            Some(length) => {
                let length = usize::try_from(length).unwrap_or(0);
                text[from..].char_indices().nth(length).map_or(text.len(), |(byte, _)| from + byte)
            }
            None => text.len(),
        };
        Ok(smallvec![match text {
            Cow::Borrowed(text) => Item::str(&text[from..to]),
            Cow::Owned(text) => Item::String(text[from..to].to_owned().into()),
        }])
    }

    fn join(&self) -> Evaluated<'a> {
        let separator = self.argument_text(0)?.unwrap_or_default();
        let texts: Result<Vec<_>, _> = self.input.iter().map(|item| self.text_of(item)).collect();
        let texts = texts?;
        let length: usize = texts.iter().map(|text| text.len() + separator.len()).sum();
        self.evaluator.steps.take(length / 64)?;
        if length > LONGEST_TEXT {
            return Err(EvaluationError::Limit);
        }
        Ok(smallvec![Item::String(texts.join(&*separator).into())])
    }

    /// Whether a replacement cannot grow too long: at worst one between all characters.
    fn room_for(&self, text: &str, substitution: &str) -> Result<(), EvaluationError> {
        let longest = (text.len() + 1).saturating_mul(substitution.len() + 1);
        self.evaluator.steps.take(longest / 64)?;
        if longest > LONGEST_TEXT { Err(EvaluationError::Limit) } else { Ok(()) }
    }
}

/// A compiled regular expression, from a small store: the patterns of invariants are few and come again and again.
pub(in super::super) fn regex(pattern: &str) -> Result<Regex, EvaluationError> {
    static COMPILED: LazyLock<RwLock<HashMap<String, Regex>>> = LazyLock::new(RwLock::default);
    if let Some(regex) = COMPILED.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
        return Ok(regex.clone());
    }
    let regex = RegexBuilder::new(pattern)
        .dot_matches_new_line(true)
        .size_limit(REGEX_SIZE)
        .dfa_size_limit(REGEX_SIZE)
        .nest_limit(64)
        .build()
        .map_err(|_| EvaluationError::Regex(pattern.chars().take(200).collect()))?;
    let mut compiled = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
    if compiled.len() >= REGEX_COUNT {
        compiled.clear();
    }
    compiled.insert(pattern.to_owned(), regex.clone());
    Ok(regex)
}
