use super::*;
use serde_json::{Value as Json, json};

/// An STU3 example with members put in (null takes one out), as R4: the candidate, and its changes in lines.
fn migrated(example: &str, members: Json) -> (Json, String, Vec<String>) {
    let mut resource: Json = serde_json::from_str(example).unwrap();
    for (key, value) in members.as_object().unwrap() {
        match value.is_null() {
            true => drop(resource.as_object_mut().unwrap().remove(key)),
            false => resource[key] = value.clone(),
        }
    }
    let document = Document::parse(resource.to_string()).unwrap();
    let Migration::Candidate(candidate) = migrate(&Profiles::default(), Selection::default(), &document) else {
        panic!("no candidate")
    };
    // The profile changes in each of them.
    let changes = candidate.changes.iter().skip(1);
    let changes: Vec<String> = changes.map(|Change { path, from, to, .. }| format!("{path}: {from} → {to}")).collect();
    let errors = candidate.findings.iter().filter(|finding| finding.is_error());
    let errors = errors.map(|finding| finding.rule.clone()).collect();
    (serde_json::from_str(&candidate.text).unwrap(), changes.join("\n"), errors)
}

const WEIGHT: &str = include_str!("../../../examples/stu3/valid/bodyweight-rich.json");
const GLUCOSE: &str = include_str!("../../../examples/stu3/valid/bloodglucose-value-absent.json");
const INSULIN: &str = include_str!("../../../examples/stu3/valid/insulindosing-minimal.json");
const PLAN: &str = include_str!("../../../examples/stu3/valid/selfcareplan-minimal.json");
const QUESTIONS: &str = include_str!("../../../examples/stu3/valid/questionnaire-minimal.json");
const ANSWERS: &str = include_str!("../../../examples/stu3/valid/questionnaireresponse-minimal.json");

#[test]
fn an_observation_keeps_everything_it_says() {
    let (weight, changes, errors) = migrated(WEIGHT, json!({}));
    assert_eq!(errors, [""; 0]);
    insta::assert_snapshot!(changes, @r"
    Observation.category[0].coding[0].system: http://hl7.org/fhir/observation-category → http://terminology.hl7.org/CodeSystem/observation-category
    Observation.interpretation.coding[0].system: http://hl7.org/fhir/v2/0078 → http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation
    Observation.meta.security[0].system: http://hl7.org/fhir/v3/Confidentiality → http://terminology.hl7.org/CodeSystem/v3-Confidentiality
    Observation.comment: comment → note[0].text
    Observation.interpretation: an object → a list of one
    ");
    assert_eq!(weight["note"], json!([{ "text": "Efter middagen" }]));
    assert_eq!(weight["interpretation"][0]["coding"][0]["code"], "H");
    assert_eq!(weight["meta"]["security"][0]["code"], "U");
}

#[test]
fn what_has_no_place_in_r4_stays_and_is_refused() {
    let related = json!([
        { "type": "has-member", "target": { "reference": "Observation/a" } },
        { "type": "derived-from", "target": { "reference": "Observation/b" } },
        { "type": "replaces", "target": { "reference": "Observation/c" } },
    ]);
    let more = json!({ "related": related, "context": { "reference": "Encounter/e" } });
    let (weight, _, errors) = migrated(WEIGHT, more);
    assert_eq!(weight["hasMember"], json!([{ "reference": "Observation/a" }]));
    assert_eq!(weight["derivedFrom"], json!([{ "reference": "Observation/b" }]));
    assert_eq!(weight["related"][0]["type"], "replaces");
    assert_eq!(weight["encounter"], json!({ "reference": "Encounter/e" }));
    insta::assert_snapshot!(errors.join("\n"), @r"
    Observation.related#unknown
    Observation.encounter#max
    Observation.hasMember#max
    Observation.derivedFrom#max
    ");
}

#[test]
fn a_reason_without_a_value_has_another_name() {
    let reason = |code: &str, display: &str| {
        let system = "http://hl7.org/fhir/data-absent-reason";
        json!({ "dataAbsentReason": { "coding": [{ "system": system, "code": code, "display": display }] } })
    };
    let coding = |code: &str, display: &str| {
        let (glucose, _, errors) = migrated(GLUCOSE, reason(code, display));
        assert_eq!(errors, [""; 0]);
        let coding = &glucose["dataAbsentReason"]["coding"][0];
        assert_eq!(coding["system"], "http://terminology.hl7.org/CodeSystem/data-absent-reason");
        format!("{} {}", coding["code"].as_str().unwrap(), coding["display"].as_str().unwrap())
    };
    assert_eq!(coding("asked", "Asked"), "asked-unknown Asked But Unknown");
    assert_eq!(coding("NaN", "Not a Number"), "not-a-number Not a Number (NaN)");
    assert_eq!(coding("error", "Virhe"), "error Virhe");
}

#[test]
fn medication_that_was_not_given_is_said_by_the_status() {
    let given = json!({ "notGiven": false, "prescription": { "reference": "MedicationRequest/m" } });
    let (insulin, changes, errors) = migrated(INSULIN, given);
    assert!(insulin.get("notGiven").is_none() && insulin["status"] == "completed", "{insulin}");
    insta::assert_snapshot!(format!("{changes}\n{errors:?}"), @r#"
    MedicationAdministration.notGiven: notGiven: false → nothing
    MedicationAdministration.prescription: prescription → request
    ["MedicationAdministration.request#max"]
    "#);
    let not_given = json!({ "notGiven": true, "reasonNotGiven": [{ "text": "unohtui" }] });
    let (insulin, _, errors) = migrated(INSULIN, not_given);
    assert_eq!((&insulin["status"], &insulin["statusReason"][0]["text"]), (&"not-done".into(), &"unohtui".into()));
    assert!(errors.contains(&"MedicationAdministration.status#fixed".to_owned()), "{errors:?}");
    let plan = json!({ "definition": [{ "reference": "https://own.test/PlanDefinition/1" }] });
    assert_eq!(migrated(INSULIN, plan).0["instantiates"], json!(["https://own.test/PlanDefinition/1"]));
}

#[test]
fn a_plan_has_one_author_and_others_contribute() {
    let patient = json!({ "reference": "Patient/7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3" });
    let (plan, _, errors) = migrated(PLAN, json!({ "author": [patient, patient], "status": "cancelled" }));
    assert_eq!((&plan["author"], &plan["contributor"]), (&patient, &json!([patient])));
    assert_eq!(plan["status"], "revoked");
    // The national profile fixes the status.
    assert!(errors.contains(&"CarePlan.status#fixed".to_owned()), "{errors:?}");
}

#[test]
fn questions_have_operators_and_lists() {
    let items = json!([
        { "linkId": "1", "text": "?", "type": "choice", "option": [{ "valueString": "a" }], "initialString": "a" },
        { "linkId": "2", "text": "?", "type": "group", "enableWhen": [
            { "question": "1", "hasAnswer": true }, { "question": "1", "answerString": "a" },
        ], "item": [
            { "linkId": "3", "text": "?", "type": "choice", "options": { "reference": "http://own.test/ValueSet/v" } },
        ] },
        { "linkId": "4", "text": "?", "type": "integer", "initialInteger": 1 },
    ]);
    let (questions, changes, errors) = migrated(QUESTIONS, json!({ "item": items }));
    insta::assert_snapshot!(format!("{changes}\n{errors:?}"), @r"
    Questionnaire.item[0].option: option → answerOption
    Questionnaire.item[0].initialString: initialString → answerOption.initialSelected
    Questionnaire.item[1].enableWhen[0]: hasAnswer → operator: exists, answerBoolean
    Questionnaire.item[1].enableWhen[1]: the answer alone → operator: =
    Questionnaire.item[1].enableWhen: several → enableBehavior: any
    Questionnaire.item[1].item[0].options: options.reference → answerValueSet
    Questionnaire.item[2].initialInteger: initialInteger → initial[0].valueInteger
    []
    ");
    insta::assert_snapshot!(questions["item"].to_string(), @r#"[{"answerOption":[{"initialSelected":true,"valueString":"a"}],"linkId":"1","text":"?","type":"choice"},{"enableBehavior":"any","enableWhen":[{"answerBoolean":true,"operator":"exists","question":"1"},{"answerString":"a","operator":"=","question":"1"}],"item":[{"answerValueSet":"http://own.test/ValueSet/v","linkId":"3","text":"?","type":"choice"}],"linkId":"2","text":"?","type":"group"},{"initial":[{"valueInteger":1}],"linkId":"4","text":"?","type":"integer"}]"#);
}

#[test]
fn answers_name_their_questionnaire_by_its_canonical_url() {
    let parent = json!({ "parent": [{ "reference": "Observation/o" }] });
    let (answers, _, errors) = migrated(ANSWERS, parent);
    assert_eq!(errors, [""; 0]);
    assert_eq!(answers["questionnaire"], "https://questions.example/Questionnaire/uni-1");
    assert_eq!(answers["partOf"][0]["reference"], "Observation/o");
}

#[test]
fn a_contained_device_is_turned_as_well() {
    let udi = json!({ "deviceIdentifier": "1", "name": "Scale", "carrierHRF": "(01)1" });
    let device = json!({ "resourceType": "Device", "id": "d", "model": "V-1", "version": "2.4", "udi": udi });
    let more = json!({ "contained": [device], "device": { "reference": "#d" } });
    let (weight, changes, errors) = migrated(WEIGHT, more);
    insta::assert_snapshot!(weight["contained"][0].to_string(), @r#"{"deviceName":[{"name":"Scale","type":"udi-label-name"}],"id":"d","modelNumber":"V-1","resourceType":"Device","udiCarrier":[{"carrierHRF":"(01)1","deviceIdentifier":"1"}],"version":[{"value":"2.4"}]}"#);
    assert!(changes.contains("Observation.contained[0].model: model → modelNumber"), "{changes}");
    // The national profile of R4 has no device, and a contained resource names a profile.
    assert_eq!(errors, ["Device.meta.profile#profile", "Observation.device#max"]);
    // What has these names in R4 already stays.
    let device = json!({ "resourceType": "Device", "version": [{ "value": "1" }], "udi": 1 });
    assert_eq!(migrated(WEIGHT, json!({ "contained": [device] })).0["contained"][0], device);
}

#[test]
fn numbers_keep_their_spelling_and_members_their_order() {
    let text = WEIGHT.replace("81.9", "81.90");
    let document = Document::parse(text.as_str()).unwrap();
    let Migration::Candidate(candidate) = migrate(&Profiles::default(), Selection::default(), &document) else {
        panic!("no candidate")
    };
    assert!(candidate.text.contains("\"value\": 81.90,"), "{}", candidate.text);
    let place = |key: &str| candidate.text.find(&format!("\n  \"{key}\"")).unwrap();
    assert!(place("interpretation") < place("note") && place("note") < place("referenceRange"));
}

#[test]
fn what_is_not_stu3_or_has_no_counterpart_says_so() {
    let result = |text: &str| migrate(&Profiles::default(), Selection::default(), &Document::parse(text).unwrap());
    let reason = |text: &str| match result(text) {
        Migration::NoCounterpart(reason) => reason,
        other => panic!("{other:?}"),
    };
    let pulse = include_str!("../../../examples/stu3/valid/heartrate-minimal.json");
    insta::assert_snapshot!(reason(pulse), @"R4 has no profile for the content of http://phr.kanta.fi/StructureDefinition/fiphr-heartrate-stu3: baseR4 cannot take it until one is published");
    assert!(reason("{}").starts_with("it names no profile"));
    assert!(reason("[1]").starts_with("it names no profile"));
    assert_eq!(reason(r#"{"meta": {"profile": ["a", "b"]}}"#), "a, b is no profile of STU3 that is known here");
    let r4 = include_str!("../../../examples/r4/valid/bodyweight-minimal.json");
    assert!(matches!(result(r4), Migration::AlreadyR4(findings) if findings.is_empty()));
    let alias = WEIGHT.replace("fiphr-bodyweight-stu3", "fiphr-sd-bodyweight-stu3");
    assert!(result(&alias).is_accepted());
}

#[test]
fn odd_shapes_do_no_harm() {
    let resources = ["Observation", "MedicationAdministration", "CarePlan", "Questionnaire", "QuestionnaireResponse"];
    let odd = [json!(null), json!(1), json!("x"), json!([]), json!([null, 1]), json!({}), json!([{ "item": 1 }])];
    let keys = [
        "comment",
        "interpretation",
        "component",
        "related",
        "notGiven",
        "definition",
        "author",
        "item",
        "context",
        "questionnaire",
        "status",
    ];
    for (example, name) in [WEIGHT, INSULIN, PLAN, QUESTIONS, ANSWERS].into_iter().zip(resources) {
        for value in &odd {
            let mut resource: Json = serde_json::from_str(example).unwrap();
            assert_eq!(resource["resourceType"], name);
            for key in keys {
                resource[key] = value.clone();
            }
            let document = Document::parse(resource.to_string()).unwrap();
            assert!(!migrate(&Profiles::default(), Selection::default(), &document).is_accepted(), "{resource}");
        }
    }
}

/// What is left for a person, in lines.
fn decisions(example: &str, members: Json) -> String {
    let mut resource: Json = serde_json::from_str(example).unwrap();
    resource.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let document = Document::parse(resource.to_string()).unwrap();
    let Migration::Candidate(candidate) = migrate(&Profiles::default(), Selection::default(), &document) else {
        panic!("no candidate")
    };
    let lines = candidate.decisions.iter().map(|decision| format!("{}: {}", decision.path, decision.text));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_only_a_person_can_decide_is_said() {
    let extension = json!({
        "url": "http://phr.kanta.fi/StructureDefinition/fiphr-ext-questionnaire-enablewhen",
        "valueString": "item.where(linkId='2').answer.value = false",
    });
    let inner = json!({ "linkId": "1.1", "type": "string", "extension": [{ "url": "http://x.test/a" }, extension] });
    let items = json!([{ "linkId": "1", "type": "group", "item": [inner] }]);
    let performer = json!([{ "actor": { "reference": "Patient/a" }, "onBehalfOf": { "display": "b" } }]);
    let device = json!([{ "resourceType": "Patient", "id": "p" }, { "resourceType": "Device", "id": "d" }]);
    assert_eq!(decisions(WEIGHT, json!({})), "");
    let said = [
        decisions(QUESTIONS, json!({ "item": items })),
        decisions(INSULIN, json!({ "performer": performer })),
        decisions(WEIGHT, json!({ "contained": device })),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    Questionnaire.item[0].item[0].extension[1]: the condition "item.where(linkId='2').answer.value = false" is an extension of Kanta's that is published for STU3 alone: R4 stores it, and readers may ask the question whatever the answers are. Say it as enableWhen (question, operator, answer[x]; several with enableBehavior) and take the extension out, or ask the question always
    MedicationAdministration.performer[0].onBehalfOf: R4 does not say on whose behalf somebody acted. Take onBehalfOf out, and where it matters say it in the narrative (text), or name the organisation as actor of a performer of its own if the profile allows one
    Observation.contained[1]: the R4 profiles have no place for a device (Observation.device is not allowed), and none is published for a contained Device. Take out both the Device and the reference to it (device), and say what a reader should know of it, such as maker and model, in the narrative (text) or a note
    "#);
}
