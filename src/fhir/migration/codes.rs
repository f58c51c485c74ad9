//! Code systems that moved between the versions, with the codes and displays that changed on the way.

use super::tree::Node;
use super::{Change, Draft};
use crate::fhir::definitions::Definitions;

const HL7: &str = "http://hl7.org/fhir/";
const TERMINOLOGY: &str = "http://terminology.hl7.org/CodeSystem/";

/// Codes of the reasons for absent data that have another name in R4.
const ABSENT_REASONS: [(&str, &str); 4] =
    [("asked", "asked-unknown"), ("temp", "temp-unknown"), ("astext", "as-text"), ("NaN", "not-a-number")];

/// Extensions of our own that have another URL in R4.
const EXTENSIONS: [(&str, &str); 1] = [("fiphr-boolean", "fiphr-ext-boolean")];

impl Draft<'_> {
    /// Every coding of the resource.
    pub(super) fn codes(&mut self) {
        let mut changes = Vec::new();
        let mut path = self.of_type.clone();
        let definitions = (self.stu3, self.r4);
        visit(&mut self.root, &mut path, &mut |node, path| coding(definitions, node, path, &mut changes));
        self.changes.append(&mut changes);
    }

    /// Every extension of the resource.
    pub(super) fn extension_urls(&mut self) {
        let mut changes = Vec::new();
        let mut path = self.of_type.clone();
        visit(&mut self.root, &mut path, &mut |node, path| {
            let Some(url) = node.text_of("url").map(str::to_owned) else { return };
            let renamed = EXTENSIONS.iter().find_map(|(from, to)| {
                let name = url.strip_prefix(super::NATIONAL)?;
                (name == *from).then(|| format!("{}{to}", super::NATIONAL))
            });
            if let (Some(renamed), Some(url_node)) = (renamed, node.get_mut("url")) {
                *url_node = Node::text(renamed.clone());
                let why = "the extension has another canonical URL in R4".to_owned();
                changes.push(Change { path: format!("{path}.url"), from: url, to: renamed, why });
            }
        });
        self.changes.append(&mut changes);
    }
}

/// Every object of a tree with its path, from the outside in.
fn visit(node: &mut Node, path: &mut String, see: &mut dyn FnMut(&mut Node, &str)) {
    let length = path.len();
    match node {
        Node::Object(_) => {
            see(node, path);
            for (key, value) in node.members().into_iter().flatten() {
                path.push('.');
                path.push_str(key);
                visit(value, path, see);
                path.truncate(length);
            }
        }
        Node::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                path.push_str(&format!("[{index}]"));
                visit(item, path, see);
                path.truncate(length);
            }
        }
        Node::Text(_) | Node::Literal(_) => {}
    }
}

/// The URI a code system of HL7 has in R4, when it is another one.
fn moved(r4: &Definitions, system: &str) -> Option<String> {
    let name = system.strip_prefix(HL7)?;
    match name.split_once('/') {
        // The table of HL7 v2 gave way to the vocabulary of v3.
        Some(("v2", "0078")) => Some(format!("{TERMINOLOGY}v3-ObservationInterpretation")),
        // Moved in FHIR, whatever a value set of R4 may still say.
        Some((family @ ("v2" | "v3"), table)) => Some(format!("{TERMINOLOGY}{family}-{table}")),
        Some(_) => None,
        None => (!r4.is_hl7_system(system)).then(|| format!("{TERMINOLOGY}{name}")),
    }
}

fn coding((stu3, r4): (&Definitions, &Definitions), node: &mut Node, path: &str, changes: &mut Vec<Change>) {
    let Some(system) = node.text_of("system").map(str::to_owned) else { return };
    let Some(new_system) = moved(r4, &system) else { return };
    let mut change = |member: &str, from: String, to: String, why: &str| {
        changes.push(Change { path: format!("{path}.{member}"), from, to, why: why.to_owned() });
    };
    if let Some(node) = node.get_mut("system") {
        *node = Node::text(new_system.clone());
        change("system", system.clone(), new_system.clone(), "the code system has another URI in R4");
    }
    let Some(code) = node.text_of("code").map(str::to_owned) else { return };
    let renamed = ABSENT_REASONS.iter().find(|(from, _)| system.ends_with("/data-absent-reason") && *from == code);
    let new_code = renamed.map_or(code.clone(), |(_, to)| (*to).to_owned());
    if new_code != code
        && let Some(node) = node.get_mut("code")
    {
        *node = Node::text(new_code.clone());
        change("code", code.clone(), new_code.clone(), "the code has another name in R4");
    }
    // A display in words of the application's own is left to it.
    let display = node.text_of("display").map(str::to_owned);
    let known = |definitions: &Definitions, system: &str, code: &str, display: &str| {
        definitions.displays(system, code).iter().any(|known| **known == *display)
    };
    let Some(display) = display.filter(|display| new_code != code || known(stu3, &system, &code, display)) else {
        return;
    };
    if known(r4, &new_system, &new_code, &display) {
        return;
    }
    let new_display = r4.displays(&new_system, &new_code).first().map(|display| display.to_string());
    if let (Some(new_display), Some(node)) = (new_display, node.get_mut("display")) {
        *node = Node::text(new_display.clone());
        change("display", display, new_display, "the display of the code in R4");
    }
}
