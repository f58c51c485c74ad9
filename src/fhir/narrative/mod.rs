//! The XHTML of narratives: well-formed, from the short list of elements and attributes that FHIR allows, with content.
//!
//! The lists and texts are those of HAPI's validator. One pass over the text with a stack of open elements; nothing is
//! built, so a hostile text costs no more than its length.

mod entities;
mod html;
mod markup;
mod rules;

use crate::fhir::primitive::Severity;
use markup::{Event, Malformed, Reader};
use std::ops::Range;

pub use html::to_html;

/// The namespace of XHTML.
pub const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// After this many problems of one narrative the rest is not listed.
const MOST_PROBLEMS: usize = 100;

/// Prefixes of namespaces that are known at a time.
const MOST_PREFIXES: usize = 64;

/// What is wrong with a narrative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What sort of problem it is.
    pub kind: ProblemKind,
    /// The text for the caller.
    pub text: String,
    /// The bytes of the div it is about.
    pub span: Range<usize>,
}

/// The sorts of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// Not well-formed XML.
    Malformed,
    /// The root is no `div` in the XHTML namespace, or another namespace is used within.
    Namespace,
    /// An element outside the list (txt-1).
    Element,
    /// An attribute outside the list (txt-1).
    Attribute,
    /// An `href` or `src` that cannot be.
    Url,
    /// No text and no image (txt-2).
    Empty,
    /// The language of the resource is not repeated on the root element.
    Language,
}

/// What the root element says about the language of the narrative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Language<'d> {
    /// The attribute `lang`.
    pub lang: Option<&'d str>,
    /// The attribute `xml:lang`: the national service warns when it is absent (resource-server.md §11).
    pub xml_lang: Option<&'d str>,
}

/// Everything that is wrong with a narrative, in the order of the text.
///
/// `div` is the value of `Narrative.div`, its JSON escapes resolved.
pub fn check(div: &str) -> Vec<Problem> {
    let mut inspection = Inspection { problems: Vec::new(), has_content: false, prefixes: Vec::new(), depth: 0 };
    match inspection.run(div) {
        Ok(()) if !inspection.has_content => inspection.problem(
            ProblemKind::Empty,
            "The narrative SHALL have some non-whitespace content".to_owned(),
            0..div.len(),
        ),
        Ok(()) => {}
        Err(Malformed { text, offset }) => {
            inspection.problems.push(Problem {
                severity: Severity::Error,
                kind: ProblemKind::Malformed,
                text: format!("Error parsing XHTML: {text}"),
                span: offset.min(div.len())..div.len(),
            });
        }
    }
    inspection.problems
}

/// Whether a narrative passes txt-1 and txt-2, the invariants `htmlChecks()` of its `div`.
pub fn html_checks(div: &str) -> bool {
    check(div).iter().all(|problem| {
        !matches!(
            problem.kind,
            ProblemKind::Malformed | ProblemKind::Element | ProblemKind::Attribute | ProblemKind::Empty
        )
    })
}

/// txt-1 alone: only allowed elements and attributes. A text that is not well-formed does not pass.
pub fn names_are_allowed(div: &str) -> bool {
    check(div)
        .iter()
        .all(|problem| !matches!(problem.kind, ProblemKind::Malformed | ProblemKind::Element | ProblemKind::Attribute))
}

/// txt-2 alone: some text or an image. A text that is not well-formed does not pass.
pub fn has_content(div: &str) -> bool {
    check(div).iter().all(|problem| !matches!(problem.kind, ProblemKind::Malformed | ProblemKind::Empty))
}

/// The language attributes of the root element; nothing when the text does not start with an element.
pub fn language(div: &str) -> Language<'_> {
    let mut reader = Reader::new(div);
    while let Ok(Some(event)) = reader.next() {
        if let Event::Start { attributes, .. } = event {
            let value = |name: &str| {
                attributes.iter().find_map(|attribute| (attribute.name == name).then_some(attribute.value))
            };
            return Language { lang: value("lang"), xml_lang: value("xml:lang") };
        }
    }
    Language::default()
}

/// Whether the root element says the language of the resource in both of its attributes; warnings, since 2020 (resource-server.md
/// §11).
pub fn check_language(div: &str, resource_language: &str) -> Vec<Problem> {
    const SEE: &str = "see https://www.w3.org/TR/i18n-html-tech-lang/#langvalues)";
    let mut texts = Vec::new();
    match language(div) {
        Language { lang: None, xml_lang: None } => texts.push(format!(
            "Resource has a language, but the XHTML does not have an lang or an xml:lang tag (needs both - {SEE}"
        )),
        Language { lang, xml_lang } => {
            for (name, article, found) in [("lang", "a", lang), ("xml:lang", "an", xml_lang)] {
                match found {
                    None => texts.push(format!(
                        "Resource has a language, but the XHTML does not have {article} {name} tag (needs both lang and \
                         xml:lang - {SEE}"
                    )),
                    Some(found) if found != resource_language => texts.push(format!(
                        "Resource has a language ({resource_language}), and the XHTML has {article} {name} ({found}), but \
                         they differ "
                    )),
                    Some(_) => {}
                }
            }
        }
    }
    let problem = |text| Problem { severity: Severity::Warning, kind: ProblemKind::Language, text, span: 0..div.len() };
    texts.into_iter().map(problem).collect()
}

struct Inspection<'d> {
    problems: Vec<Problem>,
    has_content: bool,
    /// The prefixes that stand for a namespace, each with the depth of the element that says so.
    prefixes: Vec<(usize, &'d str, &'d str)>,
    /// How many elements are open.
    depth: usize,
}

impl<'d> Inspection<'d> {
    fn run(&mut self, div: &'d str) -> Result<(), Malformed> {
        // What XML 1.0 has no place for, however it was escaped in JSON.
        let is_odd = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
        if let Some(offset) = div.bytes().position(is_odd) {
            let text = format!("An invalid XML character (Unicode: 0x{:x}) was found", div.as_bytes()[offset]);
            return Err(Malformed { text, offset });
        }
        // HAPI's parser adds a namespace to what comes first when that has none, and then cannot read the comment.
        let mut first = div.trim_start();
        while let Some((_, after)) = first.strip_prefix("<?").and_then(|instruction| instruction.split_once("?>")) {
            first = after.trim_start();
        }
        let tag = first.split('>').next().unwrap_or_default();
        if tag.starts_with("<!--") && !tag.contains(" xmlns") {
            return Err(Malformed { text: "a comment must not stand before the div".to_owned(), offset: 0 });
        }
        let mut reader = Reader::new(div);
        while let Some(event) = reader.next()? {
            match event {
                Event::Start { name, attributes, span } => {
                    let was_first = self.depth == 0;
                    self.depth += 1;
                    self.namespaces(was_first, name, &attributes, &span);
                    let name = local(name);
                    // HAPI judges the names of what is inside the div; the root has been judged by its namespace.
                    if !rules::is_allowed_element(name) && !was_first {
                        let text = format!("Illegal element name in the XHTML ('{name}')");
                        self.problem(ProblemKind::Element, text, span.clone());
                    }
                    for attribute in &attributes {
                        if !rules::is_allowed_attribute(name, attribute.name) {
                            let name = format!("'{}' on '{name}'", attribute.name);
                            let text = format!("Illegal attribute name in the XHTML ({name})");
                            self.problem(ProblemKind::Attribute, text, attribute.span.clone());
                        }
                        if matches!((name, attribute.name), ("a", "href") | ("img", "src"))
                            && let Some(reason) = rules::url_problem(attribute.value)
                        {
                            let text = format!("The URL {} is not valid ({reason})", attribute.value);
                            // The service's engine does not look at links for scripts: it stores them.
                            let severity = match rules::is_script(attribute.value) {
                                true => Severity::Warning,
                                false => Severity::Error,
                            };
                            self.say(severity, ProblemKind::Url, text, attribute.span.clone());
                        }
                    }
                    self.has_content |= name == "img";
                }
                Event::Text { has_content, .. } => self.has_content |= has_content,
                Event::End => {
                    self.depth -= 1;
                    while self.prefixes.pop_if(|(depth, ..)| *depth > self.depth).is_some() {}
                }
            }
        }
        Ok(())
    }

    /// What counts of a name is the namespace its prefix stands for (XML Namespaces 1.0 §2.3), for the engine as well.
    fn namespaces(&mut self, is_root: bool, name: &str, attributes: &[markup::Attribute<'d>], span: &Range<usize>) {
        for attribute in attributes {
            if let Some(prefix) = attribute.name.strip_prefix("xmlns:") {
                // Thousands of them serve nothing, and each name would be looked up among them.
                if self.prefixes.len() < MOST_PREFIXES {
                    self.prefixes.push((self.depth, prefix, attribute.value));
                }
            }
        }
        let prefix = name.split_once(':').map(|(prefix, _)| prefix);
        let declared = match prefix {
            None => attributes.iter().find(|attribute| attribute.name == "xmlns").map(|attribute| attribute.value),
            Some(prefix) => {
                let known = self.prefixes.iter().rev().find(|(_, known, _)| *known == prefix);
                Some(known.map_or("http://error/undefined-namespace", |(.., namespace)| *namespace))
            }
        };
        if is_root {
            if local(name) != "div" {
                let text = format!("Wrong name on the XHTML ('{name}') - must start with div");
                self.problem(ProblemKind::Namespace, text, span.clone());
            }
            if declared != Some(XHTML) {
                let found = declared.unwrap_or("null");
                let text = format!("Wrong namespace on the XHTML ('{found}', should be '{XHTML}')");
                self.problem(ProblemKind::Namespace, text, span.clone());
            }
        // Within, the engine looks at the namespaces of prefixes alone.
        } else if let Some(other) = declared.filter(|declared| prefix.is_some() && *declared != XHTML) {
            let text = format!("Wrong namespace on the XHTML ('{other}')");
            self.problem(ProblemKind::Namespace, text, span.clone());
        }
    }

    fn problem(&mut self, kind: ProblemKind, text: String, span: Range<usize>) {
        self.say(Severity::Error, kind, text, span);
    }

    fn say(&mut self, severity: Severity, kind: ProblemKind, text: String, span: Range<usize>) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem { severity, kind, text, span });
        }
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests;
