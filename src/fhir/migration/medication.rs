//! MedicationAdministration (<https://hl7.org/fhir/R4/medicationadministration.html>, differences to STU3).

use super::Draft;
use super::tree::Node;

impl Draft<'_> {
    pub(super) fn medication_administration(&mut self) {
        self.not_given();
        self.rename("reasonNotGiven", "statusReason", "R4 gives the reason of any status here");
        self.rename("prescription", "request", "renamed in R4");
        self.definition();
    }

    /// `notGiven` became a status.
    fn not_given(&mut self) {
        let Some(not_given) = self.root.get("notGiven") else { return };
        let path = "MedicationAdministration.notGiven".to_owned();
        if !not_given.is_true() {
            self.root.remove("notGiven");
            self.changed(path, "notGiven: false", "nothing", "R4 says it by the status; given is what completed says");
            return;
        }
        self.root.remove("notGiven");
        match self.root.get_mut("status") {
            Some(status) => *status = Node::text("not-done"),
            None => self.root.insert(usize::MAX, "status", Node::text("not-done")),
        }
        self.changed(path, "notGiven: true", "status: not-done", "R4 says it by the status");
    }

    /// References to a plan became URIs.
    fn definition(&mut self) {
        let Some(definitions) = self.root.get_mut("definition") else { return };
        let mut uris = Vec::new();
        for definition in definitions.each_mut() {
            match definition.text_of("reference") {
                Some(reference) => uris.push(Node::text(reference)),
                None => return,
            }
        }
        *definitions = Node::Array(uris);
        self.rename("definition", "instantiates", "R4 names the definition by its URI, not by a reference");
    }
}
