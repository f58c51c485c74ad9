//! Observation (<https://hl7.org/fhir/R4/observation.html>, differences to STU3).

use super::Draft;
use super::tree::Node;

impl Draft<'_> {
    pub(super) fn observation(&mut self) {
        self.comment();
        self.interpretations();
        self.context();
        self.related();
    }

    /// `comment` → `note[0].text`.
    fn comment(&mut self) {
        if self.root.get("note").is_some() {
            return;
        }
        let sibling = self.root.remove("_comment").map(|(_, sibling)| sibling);
        let comment = self.root.remove("comment");
        let Some(index) = comment.as_ref().map(|(index, _)| *index).or(sibling.as_ref().map(|_| usize::MAX)) else {
            return;
        };
        let members = [("text", comment.map(|(_, comment)| comment)), ("_text", sibling)];
        let members = members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let note = Node::Array(vec![Node::Object(members.collect())]);
        self.root.insert(index, "note", note);
        self.changed("Observation.comment".to_owned(), "comment", "note[0].text", "R4 has notes in place of a comment");
    }

    /// An interpretation repeats in R4.
    fn interpretations(&mut self) {
        let mut paths = Vec::new();
        listed(&mut self.root, "Observation", &mut paths);
        let components = self.root.get_mut("component").into_iter().flat_map(Node::each_mut);
        for (index, component) in components.enumerate() {
            listed(component, &format!("Observation.component[{index}]"), &mut paths);
        }
        for path in paths {
            self.changed(path, "an object", "a list of one", "the element repeats in R4");
        }
    }

    /// `related` was split by what the relation is.
    fn related(&mut self) {
        let Some((index, related)) = self.root.remove("related") else { return };
        let (mut members, mut sources, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        let items = match related {
            Node::Array(items) => items,
            other => vec![other],
        };
        let mut changes = Vec::new();
        for (position, mut item) in items.into_iter().enumerate() {
            let (to, name) = match item.text_of("type") {
                Some("has-member") => (&mut members, "hasMember"),
                Some("derived-from") => (&mut sources, "derivedFrom"),
                _ => {
                    rest.push(item);
                    continue;
                }
            };
            match item.remove("target") {
                Some((_, target)) => {
                    changes.push((position, name, to.len()));
                    to.push(target);
                }
                None => rest.push(item),
            }
        }
        for (name, references) in [("derivedFrom", sources), ("hasMember", members), ("related", rest)] {
            if !references.is_empty() {
                self.root.insert(index, name, Node::Array(references));
            }
        }
        for (position, name, place) in changes {
            let path = format!("Observation.related[{position}]");
            self.changed(
                path,
                "related.target",
                format!("{name}[{place}]"),
                "R4 has an element for each kind of relation",
            );
        }
    }
}

fn listed(node: &mut Node, path: &str, paths: &mut Vec<String>) {
    if let Some(interpretation @ Node::Object(_)) = node.get_mut("interpretation") {
        *interpretation = Node::Array(vec![interpretation.clone()]);
        paths.push(format!("{path}.interpretation"));
    }
}
