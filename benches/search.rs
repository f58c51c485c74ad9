//! What searches cost, without sockets (`cargo bench --bench search`): a hundred hits among a thousand stored resources and among
//! three hundred thousand, which should cost the same, and one page of twenty hits; asked of the router, answers included.

use std::hint::black_box;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Extensions, header};
use axum::response::Response;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use kanta_phr_sandbox::exchanges::Party;
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::http::context::{Front, Origin};
use kanta_phr_sandbox::http::fhir::{Backend, Caller, Knobs, TokenProblem, routes};
use kanta_phr_sandbox::http::listen::{Connection, Listener};
use kanta_phr_sandbox::json::Document;
use kanta_phr_sandbox::records::{Access, Loading, Records, ResourceType, national_profiles};
use kanta_phr_sandbox::store::{Batch, Store};
use kanta_phr_sandbox::time::{Clock, Random};
use tower::ServiceExt;
use uuid::Uuid;

const PATIENT: Uuid = Uuid::from_u128(0x0000_a100_0000_4000_8000_0000_0000_000a);

fn weight(number: usize) -> String {
    let day =
        jiff::civil::date(2020, 1, 1).checked_add(jiff::Span::new().days((number / 1440) as i64)).expect("a date");
    let (hour, minute) = (number / 60 % 24, number % 60);
    format!(
        r#"{{"resourceType":"Observation","meta":{{"profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]}},"language":"fi","text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"fi\" xml:lang=\"fi\">Paino: 70 kg</div>"}},"identifier":[{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:00000000-0000-4000-8000-{number:012}"}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"29463-7","display":"Paino"}}]}},"subject":{{"reference":"Patient/{PATIENT}"}},"effectiveDateTime":"{day}T{hour:02}:{minute:02}:00Z","issued":"{day}T{hour:02}:{minute:02}:30Z","performer":[{{"reference":"Patient/{PATIENT}"}}],"valueQuantity":{{"value":70.0,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}}}"#
    )
}

/// A room with that many weights of one patient, one a minute.
fn records(stored: usize) -> Records {
    let clock = Arc::new(Clock::system());
    let records = Records::new(Store::in_memory(), clock, Arc::new(Random::seeded(7)), national_profiles());
    records.create_patient(PATIENT).expect("a patient");
    let at = records.now();
    for start in (0..stored).step_by(10_000) {
        let item = |number: usize| Loading {
            access: Access::Open,
            version: Version::R4,
            resource_type: ResourceType::Observation,
            document: Document::parse(weight(number)).expect("JSON"),
            at,
        };
        let items: Vec<Loading> = (start..stored.min(start + 10_000)).map(item).collect();
        records.load_seed(&items, PATIENT, Batch::new()).expect("loaded");
    }
    records
}

#[derive(Clone)]
struct Open {
    records: Records,
    random: Arc<Random>,
}

impl Backend for Open {
    fn records(&self) -> Records {
        self.records.clone()
    }

    fn knobs(&self) -> Knobs {
        Knobs::default()
    }

    fn caller(&self, _: &str, _: &Extensions) -> Result<Caller, TokenProblem> {
        Ok(Caller { access: Access::Open, party: Party::default() })
    }

    fn request_id(&self) -> String {
        self.random.alphanumeric(16)
    }
}

/// The router over a room, asked without sockets.
struct Asked {
    router: Router,
    origin: Origin,
    runtime: tokio::runtime::Runtime,
}

impl Asked {
    fn of(records: Records) -> Asked {
        let address = "127.0.0.1:1".parse().expect("an address");
        Asked {
            router: routes::<Open>().with_state(Open { records, random: Arc::new(Random::seeded(1)) }),
            origin: Origin::new(&Connection::new(Listener::Open, address, None), &Front::default(), "127.0.0.1:1"),
            runtime: tokio::runtime::Builder::new_current_thread().build().expect("a runtime"),
        }
    }

    fn search(&self, query: &str) -> Response {
        let uri = format!("/phr-resourceserver/baseR4/Observation?patient={PATIENT}&{query}");
        let request = Request::builder().uri(uri).header(header::HOST, "127.0.0.1:1").body(Body::empty());
        let mut request = request.expect("a request");
        request.extensions_mut().insert(self.origin.clone());
        let answer = self.runtime.block_on(self.router.clone().oneshot(request)).expect("an answer");
        assert!(answer.status().is_success());
        answer
    }
}

fn hundred_hits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("100 hits");
    let between = "date=ge2020-01-01T01:00:00Z&date=lt2020-01-01T02:40:00Z&_count=100";
    let searches =
        [("by date", between.to_owned()), ("by code and date", format!("{between}&code=29463-7&_sort=-date"))];
    for stored in [1_000, 300_000] {
        let asked = Asked::of(records(stored));
        for (name, query) in &searches {
            group.bench_function(BenchmarkId::new(*name, stored), |bencher| {
                bencher.iter(|| black_box(asked.search(query)));
            });
        }
    }
    group.finish();
}

fn page_of_twenty(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a page of 20");
    for stored in [20, 365] {
        let asked = Asked::of(records(stored));
        group.bench_function(BenchmarkId::new("among", stored), |bencher| {
            bencher.iter(|| black_box(asked.search("code=29463-7&_count=20&_sort=-date")));
        });
    }
    group.finish();
}

criterion_group!(benches, hundred_hits, page_of_twenty);
criterion_main!(benches);
