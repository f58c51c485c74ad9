//! Any text as an expression, up to the first line break, on any JSON behind it.

#![no_main]

use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::path::{Context, Expression, Node, normalised};
use kanta_phr_sandbox::json::Document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (expression, document) = text.split_once('\n').unwrap_or((text, "{}"));
    let quoted = normalised(expression);
    let Ok(parsed) = Expression::parse(expression) else { return };
    // What can be parsed can be quoted.
    assert!(quoted.is_ok());
    let Ok(document) = Document::parse(document) else { return };
    let node = Node::root(document.root());
    for version in Version::ALL {
        let context = Context::new(node).with_version(version).with_step_limit(100_000);
        let _ = (parsed.evaluate(&context, node), parsed.holds(&context, node), parsed.check());
    }
});
