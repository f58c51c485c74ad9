//! Parsing and judging typical resources. The aim for judging is 60 µs for an Observation.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::Definitions;
use kanta_phr_sandbox::fhir::validation::{Options, validate};
use kanta_phr_sandbox::json::Document;

const RESOURCES: [(&str, Version, &str); 5] = [
    ("r4 weight", Version::R4, include_str!("../examples/r4/valid/bodyweight-minimal.json")),
    ("r4 glucose, rich", Version::R4, include_str!("../examples/r4/valid/bloodglucose-rich.json")),
    ("r4 blood pressure, rich", Version::R4, include_str!("../examples/r4/valid/bloodpressure-rich.json")),
    ("r4 glucose, refused", Version::R4, include_str!("../examples/r4/invalid/bloodglucose-second-code-missing.json")),
    ("stu3 insulin, rich", Version::Stu3, include_str!("../examples/stu3/valid/insulindosing-rich.json")),
];

fn validation(criterion: &mut Criterion) {
    let options = Options::default();
    for (group_name, with_parsing) in [("judge", false), ("parse and judge", true)] {
        let mut group = criterion.benchmark_group(group_name);
        for (name, version, text) in RESOURCES {
            let definitions = Definitions::embedded(version);
            let document = Document::parse(text).expect("an example is JSON");
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| match with_parsing {
                    true => {
                        let document = Document::parse(black_box(text)).expect("an example is JSON");
                        validate(definitions, &document, &options)
                    }
                    false => validate(definitions, black_box(&document), &options),
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, validation);
criterion_main!(benches);
