use super::*;
use crate::citizens::{Language, PersonalIdentityCode};
use jiff::civil::date;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::fs;

const STARTS: [&str; 4] = [
    "2026-11-22T12:00:00+02:00",
    "2026-03-29T04:00:00+03:00",
    "2028-02-29T00:00:00+02:00",
    "2026-01-01T00:30:00+02:00",
];

fn all(seed: &Seed, id: &str, start: &str) -> Vec<SeedRecord> {
    let citizen = seed.citizens().iter().find(|citizen| citizen.id == id).unwrap();
    let pseudonym = citizen.pseudonym.unwrap_or(Uuid::from_u128(1));
    seed.records(id, start.parse().unwrap(), pseudonym).collect()
}

fn json(record: &SeedRecord) -> Value {
    serde_json::from_slice(&record.json).unwrap()
}

/// The end of what a resource tells of, as an instant.
fn effective(resource: &Value) -> Timestamp {
    let text = resource["effectiveDateTime"].as_str().or(resource["effectivePeriod"]["end"].as_str()).unwrap();
    match text.parse::<Timestamp>() {
        Ok(instant) => instant,
        Err(_) => when::instant(text.parse().unwrap(), jiff::civil::Time::constant(23, 59, 59, 0)).unwrap(),
    }
}

#[test]
fn every_embedded_file_is_valid() {
    let seed = files::read_embedded().unwrap();
    assert_eq!(seed.citizens().len(), embedded::CITIZENS.len());
    assert_eq!(seed.citizens()[0].id, "aino");
    assert_eq!(seed.clients()[0].client_id, "kanta-phr-sandbox-demo");
}

#[test]
fn every_file_of_the_folder_is_embedded_under_its_id() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/seed-data");
    for (name, files) in [("citizens", embedded::CITIZENS), ("clients", embedded::CLIENTS)] {
        let embedded: BTreeSet<String> =
            files.iter().map(|file| file.name.rsplit('/').next().unwrap().to_owned()).collect();
        let present: BTreeSet<String> = fs::read_dir(format!("{folder}/{name}"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(embedded, present, "a new file of seed-data/{name} needs a line in src/seed/embedded.rs");
    }
    let read = Seed::read_dir(folder).unwrap();
    assert_eq!(read.citizens(), Seed::embedded().citizens());
    assert_eq!(read.clients(), Seed::embedded().clients());
    for (citizen, file) in read.citizens().iter().zip(embedded::CITIZENS) {
        assert!(file.name.ends_with(&format!("/{}.json", citizen.id)), "{} is in {}", citizen.id, file.name);
    }
}

#[test]
fn the_personas_cover_codes_ages_and_languages() {
    let seed = Seed::embedded();
    let citizens = seed.citizens();
    assert!(citizens.len() >= 14);
    let signs: BTreeSet<char> =
        citizens.iter().map(|citizen| citizen.personal_identity_code.to_string().chars().nth(6).unwrap()).collect();
    assert_eq!(signs, "+-YXWVUABCDEF".chars().collect());
    let age = |id: &str| {
        let citizen = citizens.iter().find(|citizen| citizen.id == id).unwrap();
        [date(2026, 11, 1), date(2027, 2, 28)].map(|day| citizen.age_on(day))
    };
    assert_eq!(age("elsa"), [10, 10]);
    assert_eq!(age("iida"), [15, 15]);
    assert_eq!(age("noora"), [16, 16]);
    assert!(age("hilja")[0] > 100);
    for language in Language::ALL {
        let speakers = citizens.iter().filter(|citizen| citizen.language == language);
        assert!(speakers.filter(|citizen| citizen.pseudonym.is_some()).count() >= 2, "{language}");
    }
    assert!(citizens.iter().filter(|citizen| citizen.pseudonym.is_none()).count() >= 3);
    assert!(citizens.iter().all(|citizen| citizen.description.ends_with('.')));
    for language in ["fi", "sv"] {
        let is_described = |words: Option<&String>| words.is_some_and(|words| words.ends_with('.'));
        assert!(citizens.iter().all(|citizen| is_described(citizen.descriptions.get(language))), "{language}");
        assert!(seed.clients().iter().all(|client| is_described(client.descriptions.get(language))), "{language}");
    }
    assert!(citizens.iter().any(|citizen| citizen.pseudonym.is_some() && !seed.has_records(&citizen.id)));
}

#[test]
fn records_are_repeatable_in_order_in_the_past_and_of_their_citizen() {
    let seed = Seed::embedded();
    for start_text in STARTS {
        let start: Timestamp = start_text.parse().unwrap();
        for citizen in seed.citizens() {
            let records = all(&seed, &citizen.id, start_text);
            assert_eq!(records, all(&seed, &citizen.id, start_text));
            assert_eq!(records.is_empty(), !seed.has_records(&citizen.id), "{}", citizen.id);
            let mut identifiers = HashSet::new();
            let mut last = Timestamp::MIN;
            for record in &records {
                let resource = json(record);
                let reference = format!("Patient/{}", citizen.pseudonym.unwrap_or(Uuid::from_u128(1)));
                let at = effective(&resource);
                assert!(at < start && at >= last, "{}: {resource}", citizen.id);
                assert!(at <= record.stored_at && record.stored_at <= start, "{resource}");
                last = at;
                assert_eq!(resource["resourceType"], record.resource_type);
                assert_eq!(resource["language"], citizen.language.as_str());
                assert_eq!(resource["subject"]["reference"], *reference);
                assert_eq!(resource["text"]["status"], "generated");
                assert!(identifiers.insert(resource["identifier"][0]["value"].as_str().unwrap().to_owned()));
                assert_eq!(resource["extension"].is_array(), record.author != Author::Citizen);
                assert_eq!(
                    resource["meta"]["profile"][0].as_str().unwrap().ends_with("-stu3"),
                    record.version == Version::Stu3
                );
            }
        }
    }
}

#[test]
fn identifiers_count_back_from_the_start_so_that_tests_can_name_them() {
    let seed = Seed::embedded();
    let identifiers = |start: &str| -> Vec<String> {
        all(&seed, "aino", start)
            .iter()
            .map(|record| json(record)["identifier"][0]["value"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(identifiers(STARTS[0]), identifiers(STARTS[2]));
    let version = &identifiers(STARTS[0])[0]["urn:uuid:xxxxxxxx-xxxx-".len()..][..1];
    assert_eq!(version, "5");
}

#[test]
fn a_year_of_measurements_is_a_year_long_and_plausible() {
    let seed = Seed::embedded();
    let records = all(&seed, "eero", STARTS[0]);
    let of = |code: &str| -> Vec<Value> {
        records.iter().map(json).filter(|resource| resource["code"]["coding"][0]["code"] == code).collect()
    };
    let values = |resources: &[Value], path: &str| -> Vec<f64> {
        resources.iter().map(|resource| resource.pointer(path).unwrap().as_f64().unwrap()).collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let quantity = "/valueQuantity/value";

    let weights = values(&of("29463-7"), quantity);
    assert!((290..=366).contains(&weights.len()), "{}", weights.len());
    assert!(weights.iter().all(|kilograms| (80.0..97.0).contains(kilograms)));
    assert!(mean(&weights[..30]) - mean(&weights[weights.len() - 30..]) > 4.0);
    assert!(weights.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 3.0));

    let pressures = of("85354-9");
    assert!((230..=320).contains(&pressures.len()), "{}", pressures.len());
    let systolic = values(&pressures, "/component/0/valueQuantity/value");
    let diastolic = values(&pressures, "/component/1/valueQuantity/value");
    assert!(systolic.iter().all(|value| (100.0..190.0).contains(value)));
    assert!(systolic.iter().zip(&diastolic).all(|(upper, lower)| upper - lower >= 10.0 && *lower > 50.0));

    let glucose = values(&of("15074-8"), quantity);
    assert!(glucose.len() > 420 && glucose.iter().all(|value| (3.5..13.5).contains(value)), "{}", glucose.len());

    let steps = of("66334-4");
    assert!((364..=366).contains(&steps.len()));
    assert!(values(&steps, quantity).iter().all(|count| (350.0..20_000.0).contains(count)));
    assert!(effective(&steps[0]) < "2025-11-24T00:00:00Z".parse().unwrap());
}

#[test]
fn the_diabetic_has_meals_doses_and_a_sensor() {
    let records = all(&Seed::embedded(), "matias", STARTS[0]);
    let doses: Vec<Value> =
        records.iter().filter(|record| record.resource_type == "MedicationAdministration").map(json).collect();
    assert!(doses.len() > 180, "{}", doses.len());
    for dose in &doses {
        let units = dose["dosage"]["dose"]["value"].as_f64().unwrap();
        assert!((0.5..30.0).contains(&units), "{dose}");
    }
    let readings: Vec<(Timestamp, f64)> = records
        .iter()
        .map(json)
        .filter(|resource| resource["code"]["coding"][0]["code"] == "14745-4")
        .map(|resource| (effective(&resource), resource["valueQuantity"]["value"].as_f64().unwrap()))
        .collect();
    assert!((1200..=1345).contains(&readings.len()), "{}", readings.len());
    assert!(readings.iter().all(|(_, value)| (2.8..=19.5).contains(value)));
    // Tissue glucose changes by no more than about 0.2 mmol/l a minute.
    let quarters = readings.windows(2).filter(|pair| pair[1].0.as_second() - pair[0].0.as_second() == 900);
    assert!(quarters.clone().count() > 1000);
    for pair in quarters {
        assert!((pair[0].1 - pair[1].1).abs() < 3.0, "{pair:?}");
    }
}

#[test]
fn old_data_is_on_stu3_alone() {
    let records = all(&Seed::embedded(), "fredrik", STARTS[0]);
    assert!(records.iter().all(|record| record.version == Version::Stu3));
    let codes: HashSet<String> = records
        .iter()
        .map(json)
        .map(|resource| resource["meta"]["profile"][0].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    for profile in [
        "fiphr-bodyweight-stu3",
        "fiphr-bloodglucose-stu3",
        "fiphr-sd-insulindosing-stu3",
        "fiphr-sd-macronutrientintake-stu3",
    ] {
        assert!(codes.contains(profile), "{profile}");
    }
}

#[test]
fn digits_and_special_characters_stay_as_written() {
    let text = |id: &str| -> String {
        let records = all(&Seed::embedded(), id, STARTS[0]);
        records.iter().map(|record| std::str::from_utf8(&record.json).unwrap().to_owned() + "\n").collect()
    };
    let aino = text("aino");
    assert!(aino.contains(r#""value":68.40,"#) && aino.contains("Tulos: 68,40 kg"));
    assert!(aino.contains(r#""value":68.0,"#));
    let oliver = text("oliver");
    assert!(oliver.contains(r#""note":[{"text":"Back < 82 kg & feeling \"fine\""}]"#));
    assert!(oliver.contains(r#"Comment: Back &lt; 82 kg &amp; feeling \"fine\"</div>"#));
    assert!(text("fredrik").contains(r#""comment":"Efter promenaden""#));
}

#[test]
fn wrong_files_are_explained() {
    let person = |rest: &str| {
        format!(
            "{{\n\"id\": \"maija\", \"personal_identity_code\": \"010190-900P\",\n\"given_names\": \"Maija\", \"family_name\": \"Kumpula\",\n\"description\": \"A.\"{rest}\n}}"
        )
    };
    let record = |record: &str| person(&format!(",\n\"records\": [\n{record}\n]"));
    let series = |series: &str| person(&format!(",\n\"series\": [\n{series}\n]"));
    let cases = [
        ("{", "EOF while parsing an object at line 1 column 1"),
        (&person(",\n\"nickname\": \"M\""), "unknown field `nickname`"),
        (&person("").replace("010190-900P", "010190-123A"), "could belong to a real person"),
        (&person("").replace("maija", "Maija K"), "id: \"Maija K\" cannot be an id"),
        (
            &record(r#"{ "kind": "body-weight", "at": "-P3D 07:30" }"#),
            "records[0].value: body-weight needs it at line 6 column 1;",
        ),
        (&record(r#"{ "kind": "body-weight", "at": "-P3D", "value": 72.5 }"#), "invalid type: floating point `72.5`"),
        (&record(r#"{ "kind": "body-weight", "at": "-P3D", "value": "72,5" }"#), "\"72,5\" is no decimal number"),
        (
            &record(r#"{ "kind": "body-weight", "at": "P3D", "value": "72.5" }"#),
            "-PT45M\" (exactly so long before) at line 6 column",
        ),
        (&record(r#"{ "kind": "steps", "at": "-P3D", "value": "7.5" }"#), "value: steps are a whole number"),
        (&record(r#"{ "kind": "steps", "at": "-P3D", "value": "7", "fhir": "stu3" }"#), "fhir: no stu3 profile"),
        (&record(r#"{ "kind": "heart-rate", "at": "-P3D", "value": "70" }"#), "write \"stu3\""),
        (
            &record(r#"{ "kind": "body-weight", "at": "-P3D", "value": "7", "systolic": "7" }"#),
            "systolic: it does not belong to body-weight",
        ),
        (&record(r#"{ "kind": "body-weight", "at": "-P3D", "value": "-7" }"#), "\"-7\" is no decimal number"),
        (
            &series(r#"{ "kind": "steps", "from": "-P1W", "to": "-P1M", "value": { "base": 70 } }"#),
            "series[0].from: it must not be later than to at line 6 column 1",
        ),
        (
            &record(r#"{ "kind": "body-height", "at": "-P3D", "value": "7" }"#),
            "unknown variant `body-height`, expected one of",
        ),
        (
            &record(r#"{ "kind": "body-weight", "at": "-P3D", "value": "7", "author": "me" }"#),
            "there is no client \"me\"",
        ),
        (
            &series(r#"{ "kind": "body-weight", "from": "-P1Y", "value": { "base": 70 } }"#),
            "at: body-weight needs a time of day",
        ),
        (
            &series(r#"{ "kind": "steps", "from": "-P1Y", "at": "07:00", "value": { "base": 70 } }"#),
            "at: steps lasts all day",
        ),
        (&series(r#"{ "kind": "steps", "from": "-P1Y", "value": { "base": 70, "bass": 1 } }"#), "unknown field `bass`"),
        (&series(r#"{ "kind": "steps", "from": "-P1Y", "value": { "base": 1e9 } }"#), "within ±1000000"),
        (
            &series(r#"{ "kind": "steps", "from": "-P1Y", "every": "PT15M", "value": { "base": 1 } }"#),
            "only \"tissue-glucose\"",
        ),
        (&series(r#"{ "kind": "steps", "from": "-P1Y", "kept": 2, "value": { "base": 1 } }"#), "kept: it must be 0–1"),
    ];
    for (text, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("citizens")).unwrap();
        fs::write(folder.path().join("citizens/maija.json"), text).unwrap();
        let error = Seed::read_dir(folder.path()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}\nshould say: {expected}");
        assert!(error.file.ends_with("maija.json") && !error.remedy.is_empty(), "{error:?}");
        assert!(!error.to_string().contains("123A"), "{error}");
    }
}

#[test]
fn a_folder_extends_the_embedded_world() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Seed::read_dir(folder.path()).unwrap_err().to_string().contains("neither a folder citizens"));
    let citizens = folder.path().join("citizens");
    fs::create_dir(&citizens).unwrap();
    let write = |id: &str, code: &str| {
        let text = format!(
            "\u{feff}{{\"id\":\"{id}\",\"personal_identity_code\":\"{code}\",\"given_names\":\"Maija\",\"family_name\":\"Kumpula\",\"description\":\"A.\"}}"
        );
        fs::write(citizens.join(format!("{id}.json")), text).unwrap();
    };
    write("maija", "010190-900P");
    write("aino", "010190-900p");
    let error = Seed::read_dir(folder.path()).unwrap_err().to_string();
    assert!(error.contains("personal_identity_code is the same as in"), "{error}");
    let other = PersonalIdentityCode::for_birth_date(date(1990, 1, 1), 1).unwrap();
    write("aino", other.as_str());
    fs::write(citizens.join("README.md"), "not a citizen").unwrap();
    let extension = Seed::read_dir(folder.path()).unwrap();
    let seed = Seed::embedded().extended_by(&extension).unwrap();
    assert_eq!(seed.citizens().len(), Seed::embedded().citizens().len() + 1);
    assert_eq!(seed.citizens()[0].personal_identity_code, other);
    assert_eq!(seed.citizens().last().unwrap().id, "maija");
    assert!(!seed.has_records("aino"));
    assert_eq!(seed.clients(), Seed::embedded().clients());
    assert_eq!(seed.records("nobody", Timestamp::UNIX_EPOCH, Uuid::nil()).count(), 0);
}

#[test]
fn clients_have_what_registration_needs() {
    let seed = Seed::embedded();
    let ids: BTreeSet<_> = seed.clients().iter().map(|client| &client.client_id).collect();
    assert_eq!(ids.len(), seed.clients().len());
    let ready = &seed.clients()[0];
    assert_eq!(ready.redirect_uris, ["http://localhost:3000/callback", "http://127.0.0.1:3000/callback"]);
    assert_eq!(ready.kind.as_str(), "wellbeing");
    assert!(ready.scope.split(' ').any(|scope| scope == "patient/MedicationAdministration.write"));
    assert!(seed.clients().iter().any(|client| !client.scope.contains(".write")));
    assert!(seed.clients().iter().any(|client| client.redirect_uris.len() > 2));
    let professional = seed.clients().iter().find(|client| client.kind == SeedClientKind::Professional).unwrap();
    assert!(professional.redirect_uris.is_empty() && !professional.scope.contains(".write"));
}

#[test]
fn no_start_makes_the_calendar_panic() {
    let seed = Seed::embedded();
    for start in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
        for citizen in seed.citizens() {
            let records = seed.records(&citizen.id, start, Uuid::from_u128(1));
            assert!(records.len() < 10_000);
            records.take(50).for_each(|record| drop(json(&record)));
        }
    }
}
