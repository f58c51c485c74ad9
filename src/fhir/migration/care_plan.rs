//! CarePlan (<https://hl7.org/fhir/R4/careplan.html>, differences to STU3).

use super::Draft;
use super::tree::Node;

/// Statuses that have another name in R4.
const STATUSES: [(&str, &str); 2] = [("suspended", "on-hold"), ("cancelled", "revoked")];

impl Draft<'_> {
    pub(super) fn care_plan(&mut self) {
        let status = self.root.text_of("status").unwrap_or_default();
        if let Some((from, to)) = STATUSES.iter().find(|(from, _)| *from == status) {
            if let Some(status) = self.root.get_mut("status") {
                *status = Node::text(*to);
            }
            self.changed("CarePlan.status".to_owned(), *from, *to, "the status has another name in R4");
        }
        self.context();
        self.author();
    }

    /// R4 has one author; further ones are contributors.
    fn author(&mut self) {
        let Some(Node::Array(authors)) = self.root.get_mut("author") else { return };
        let mut authors = std::mem::take(authors).into_iter();
        let Some(first) = authors.next() else { return };
        if let Some(author) = self.root.get_mut("author") {
            *author = first;
        }
        self.changed("CarePlan.author".to_owned(), "a list", "its first item", "R4 has one author");
        let others: Vec<Node> = authors.collect();
        if others.is_empty() {
            return;
        }
        let index = self.root.members().and_then(|members| members.iter().position(|(name, _)| name == "author"));
        self.root.insert(index.map_or(usize::MAX, |index| index + 1), "contributor", Node::Array(others));
        self.changed("CarePlan.author".to_owned(), "the further items", "contributor", "R4 has one author");
    }
}
