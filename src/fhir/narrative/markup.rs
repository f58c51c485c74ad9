//! A small reader of XML fragments: elements, text, comments, entities. No declarations, no DTD.

use super::entities;
use std::ops::Range;

/// Deeper nesting is refused.
const MOST_OPEN: usize = 200;

/// Why a text is not one well-formed element, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) text: String,
    pub(super) offset: usize,
}

/// What comes next.
pub(super) enum Event<'d> {
    /// A start tag, or an empty element, which an [`Event::End`] follows.
    Start { name: &'d str, attributes: Vec<Attribute<'d>>, span: Range<usize> },
    /// Text between tags, its references as they are, and whether it is more than white space.
    Text { text: &'d str, has_content: bool },
    /// An end tag.
    End,
}

/// An attribute; entities in the value are left as they are.
pub(super) struct Attribute<'d> {
    pub(super) name: &'d str,
    pub(super) value: &'d str,
    pub(super) span: Range<usize>,
}

pub(super) struct Reader<'d> {
    text: &'d str,
    at: usize,
    /// The names of the elements that are open.
    open: Vec<&'d str>,
    has_root: bool,
    /// An empty element was started and its end is still to be told.
    closes: bool,
}

type Step<T> = Result<T, Malformed>;

impl<'d> Reader<'d> {
    pub(super) fn new(text: &'d str) -> Reader<'d> {
        Reader { text, at: 0, open: Vec::new(), has_root: false, closes: false }
    }

    /// The next event; `None` at the end of a text that is one element and nothing else.
    pub(super) fn next(&mut self) -> Step<Option<Event<'d>>> {
        if std::mem::take(&mut self.closes) {
            return Ok(Some(Event::End));
        }
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return match self.open.last() {
                    Some(name) => Err(self.malformed(format!("the element '{name}' is not closed"))),
                    None if !self.has_root => Err(self.malformed("there is no element")),
                    None => Ok(None),
                };
            }
            if !rest.starts_with('<') {
                let start = self.at;
                let has_content = self.text()?;
                if self.open.is_empty() && has_content {
                    return Err(self.malformed("there is text outside the element"));
                }
                return Ok(Some(Event::Text { text: &self.text[start..self.at], has_content }));
            }
            if rest.starts_with("<!--") {
                self.comment()?;
            } else if rest.starts_with("<![CDATA[") {
                return self.character_data().map(Some);
            } else if rest.starts_with("<!") {
                return Err(self.malformed(
                    "Malformed XHTML: Found a DocType declaration, and these are not allowed (XXE security vulnerability \
                     protection)",
                ));
            } else if rest.starts_with("<?") {
                self.instruction()?;
            } else if rest.starts_with("</") {
                return self.end_tag().map(Some);
            } else {
                return self.start_tag().map(Some);
            }
        }
    }

    fn rest(&self) -> &'d str {
        &self.text[self.at..]
    }

    fn malformed(&self, text: impl Into<String>) -> Malformed {
        Malformed { text: text.into(), offset: self.at }
    }

    /// Text up to the next tag; tells whether it is more than white space.
    fn text(&mut self) -> Step<bool> {
        let rest = self.rest();
        let length = rest.find('<').unwrap_or(rest.len());
        let text = &rest[..length];
        let mut has_content = false;
        let mut from = 0;
        while let Some(length) = text[from..].find('&') {
            has_content |= is_content(&text[from..from + length]);
            let start = from + length;
            // No entity has a longer name than 32 letters.
            let window = text[start + 1..].bytes().take(33).position(|byte| byte == b';');
            let found = window.map(|end| &text[start + 1..start + 1 + end]);
            match found.and_then(entities::decode) {
                Some(letter) => {
                    has_content |= letter > ' ';
                    from = start + 2 + found.map_or(0, str::len);
                }
                None => {
                    self.at += start;
                    return Err(self.malformed(format!("unknown entity '&{}'", found.unwrap_or_default())));
                }
            }
        }
        has_content |= is_content(&text[from..]);
        self.at += length;
        Ok(has_content)
    }

    fn comment(&mut self) -> Step<()> {
        let end = self.rest()[4..].find("-->").ok_or_else(|| self.malformed("a comment is not closed"))?;
        self.at += 4 + end + 3;
        Ok(())
    }

    fn instruction(&mut self) -> Step<()> {
        let end = self.rest().find("?>").ok_or_else(|| self.malformed("a processing instruction is not closed"))?;
        self.at += end + 2;
        Ok(())
    }

    fn character_data(&mut self) -> Step<Event<'d>> {
        if self.open.is_empty() {
            return Err(self.malformed("there is text outside the element"));
        }
        let content = &self.rest()[9..];
        let end = content.find("]]>").ok_or_else(|| self.malformed("a CDATA section is not closed"))?;
        self.at += 9 + end + 3;
        // HAPI's parser drops such sections: a narrative with nothing else is empty (txt-2).
        Ok(Event::Text { text: "", has_content: false })
    }

    fn end_tag(&mut self) -> Step<Event<'d>> {
        let start = self.at;
        self.at += 2;
        let name = self.name()?;
        self.skip_space();
        if !self.take('>') {
            return Err(self.malformed(format!("the end tag of '{name}' is not closed")));
        }
        match self.open.pop() {
            Some(open) if open == name => Ok(Event::End),
            Some(open) => Err(Malformed {
                text: format!("the end tag of '{open}' should stand where that of '{name}' is"),
                offset: start,
            }),
            None => Err(Malformed { text: format!("the end tag of '{name}' has no start tag"), offset: start }),
        }
    }

    fn start_tag(&mut self) -> Step<Event<'d>> {
        let start = self.at;
        if self.open.is_empty() && self.has_root {
            return Err(self.malformed("there is more than one element"));
        }
        if self.open.len() >= MOST_OPEN {
            return Err(self.malformed("the elements nest too deep"));
        }
        self.at += 1;
        let name = self.name()?;
        self.has_root = true;
        let mut attributes: Vec<Attribute<'d>> = Vec::new();
        loop {
            let spaced = self.skip_space();
            if self.take('>') {
                self.open.push(name);
                break;
            }
            if self.rest().starts_with("/>") {
                self.at += 2;
                self.closes = true;
                break;
            }
            if !spaced {
                return Err(self.malformed(format!("the start tag of '{name}' is not closed")));
            }
            let attribute = self.attribute()?;
            // No allowed element has more than a dozen attributes; the bound keeps the search for doubles short.
            if attributes.len() >= 64 {
                return Err(self.malformed(format!("the element '{name}' has too many attributes")));
            }
            if attributes.iter().any(|other| other.name == attribute.name) {
                return Err(self.malformed(format!("the attribute '{}' is there twice", attribute.name)));
            }
            attributes.push(attribute);
        }
        Ok(Event::Start { name, attributes, span: start..self.at })
    }

    fn attribute(&mut self) -> Step<Attribute<'d>> {
        let start = self.at;
        let name = self.name()?;
        self.skip_space();
        if !self.take('=') {
            return Err(self.malformed(format!("the attribute '{name}' has no value")));
        }
        self.skip_space();
        let quote = if self.take('"') {
            '"'
        } else if self.take('\'') {
            '\''
        } else {
            return Err(self.malformed(format!("the value of the attribute '{name}' is not quoted")));
        };
        let rest = self.rest();
        let length = rest.find([quote, '<']).filter(|end| rest[*end..].starts_with(quote));
        let length =
            length.ok_or_else(|| self.malformed(format!("the value of the attribute '{name}' does not end")))?;
        self.at += length + 1;
        Ok(Attribute { name, value: &rest[..length], span: start..self.at })
    }

    fn name(&mut self) -> Step<&'d str> {
        let rest = self.rest();
        let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':' | '-' | '.');
        let length = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        if !rest.starts_with(|first: char| first.is_alphabetic() || first == '_') {
            return Err(self.malformed("a name should stand here"));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn skip_space(&mut self) -> bool {
        let rest = self.rest();
        let length = rest.find(|letter: char| !matches!(letter, ' ' | '\t' | '\r' | '\n')).unwrap_or(rest.len());
        self.at += length;
        length > 0
    }

    fn take(&mut self, letter: char) -> bool {
        let found = self.rest().starts_with(letter);
        self.at += if found { letter.len_utf8() } else { 0 };
        found
    }
}

/// Whether a text is more than white space, as Java's `trim` understands it: a no-break space counts as content.
fn is_content(text: &str) -> bool {
    text.bytes().any(|byte| byte > b' ')
}
