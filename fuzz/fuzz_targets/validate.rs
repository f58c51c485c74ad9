//! Any bytes as a body: judging ends without a panic, and what is found lies within the text.

#![no_main]

use std::sync::Arc;

use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::Definitions;
use kanta_phr_sandbox::fhir::validation::{Options, Questionnaires, validate};
use kanta_phr_sandbox::json::Document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::from_bytes(bytes) else { return };
    let document = Arc::new(document);
    // A response answers the document itself, whatever that is.
    let questionnaire = Arc::clone(&document);
    let options = Options {
        questionnaires: Questionnaires::by(move |_| Some(Arc::clone(&questionnaire))),
        vital_signs_by_code: true,
        ..Options::default()
    };
    let lines = document.text().split('\n').count();
    for version in Version::ALL {
        for finding in validate(Definitions::embedded(version), &document, &options) {
            assert!(finding.line as usize <= lines && finding.line > 0 && finding.column > 0);
        }
    }
});
