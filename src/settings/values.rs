//! The kinds of values that knobs have: how one is read from JSON, written, and told of.

use serde_json::{Value as Json, json};

/// A whole number between two others.
pub(super) struct Number(pub u32, pub u32);

impl Number {
    pub fn read(&self, value: &Json) -> Option<u32> {
        let number = u32::try_from(value.as_u64()?).ok()?;
        (self.0..=self.1).contains(&number).then_some(number)
    }
    pub fn write(&self, value: &u32) -> Json {
        json!(value)
    }
    pub fn allowed(&self) -> String {
        format!("a whole number from {} to {}", self.0, self.1)
    }
}

/// Yes or no.
pub(super) struct Flag;

impl Flag {
    pub fn read(&self, value: &Json) -> Option<bool> {
        value.as_bool()
    }
    pub fn write(&self, value: &bool) -> Json {
        json!(value)
    }
    pub fn allowed(&self) -> String {
        String::from("true or false")
    }
}

/// A short text.
pub(super) struct Word;

impl Word {
    pub fn read(&self, value: &Json) -> Option<String> {
        let text = value.as_str()?;
        let fine = (1..=64).contains(&text.len()) && !text.chars().any(char::is_control);
        fine.then(|| text.to_owned())
    }
    pub fn write(&self, value: &String) -> Json {
        json!(value)
    }
    pub fn allowed(&self) -> String {
        String::from("a text of 1 to 64 bytes")
    }
}

/// One word or more: an array, or one text with spaces between them.
pub(super) struct Words;

impl Words {
    pub fn read(&self, value: &Json) -> Option<Vec<String>> {
        let words: Vec<String> = match value {
            Json::String(text) => text.split_whitespace().map(str::to_owned).collect(),
            Json::Array(each) => each.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            _ => return None,
        };
        let is_word =
            |word: &String| (1..=200).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic());
        ((1..=16).contains(&words.len()) && words.iter().all(is_word)).then_some(words)
    }
    pub fn write(&self, value: &[String]) -> Json {
        json!(value)
    }
    pub fn allowed(&self) -> String {
        String::from("an array of 1 to 16 words")
    }
}

/// Words that mean a grant type of the sandbox's own: those of RFC 6749 keep their meaning.
pub(super) struct GrantTypes;

impl GrantTypes {
    const STANDARD: [&str; 5] = ["authorization_code", "client_credentials", "implicit", "password", "refresh_token"];

    pub fn read(&self, value: &Json) -> Option<Vec<String>> {
        let taken = |word: &String| GrantTypes::STANDARD.contains(&word.as_str());
        Words.read(value).filter(|words| !words.iter().any(taken))
    }
    pub fn write(&self, value: &[String]) -> Json {
        Words.write(value)
    }
    pub fn allowed(&self) -> String {
        format!("{}, none of them a grant type of RFC 6749", Words.allowed())
    }
}

/// One of a few words. A word that is a number may come as a number.
pub(super) struct Choice<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Choice<T> {
    pub fn read(&self, value: &Json) -> Option<T> {
        let word = match value {
            Json::String(word) => word.clone(),
            Json::Number(number) => number.to_string(),
            _ => return None,
        };
        self.0.iter().find(|(each, _)| *each == word).map(|(_, value)| *value)
    }
    pub fn write(&self, value: &T) -> Json {
        self.0.iter().find(|(_, each)| each == value).map_or(Json::Null, |(word, _)| json!(word))
    }
    pub fn allowed(&self) -> String {
        self.0.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(" or ")
    }
}
