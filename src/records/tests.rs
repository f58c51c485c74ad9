//! What is planned on an old view is not committed once what it refers to has gone.

use super::write_plan::Plan;
use super::*;
use crate::json::Document;
use crate::store::CommitError;

const PATIENT: &str = "7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3";

fn room() -> Records {
    let (clock, random) = (Arc::new(Clock::system()), Arc::new(Random::seeded(1)));
    let records = Records::new(Store::in_memory(), clock, random, national_profiles());
    records.create_patient(PATIENT.parse().unwrap()).unwrap();
    records
}

/// An example, with something put into it behind its first brace.
fn example(name: &str, more: &str) -> Document {
    let path = format!("{}/examples/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    Document::parse(text.replacen('{', &format!("{{{more}"), 1)).unwrap()
}

fn stored(records: &Records, version: Version, resource_type: ResourceType, body: &Document) -> String {
    let written = records.create(&Access::Open, version, resource_type, body, None);
    written.unwrap_or_else(|refusal| panic!("{refusal:?}")).stored.id.to_string()
}

fn planned(records: &Records, change: &write_plan::Change<'_>) -> Plan {
    let view = records.store.view();
    let mut plan = change.plan(records, &view).unwrap();
    change.settle(records, &view, &mut plan).unwrap();
    plan
}

fn is_refused(records: &Records, plan: Plan) -> bool {
    matches!(records.store.commit(plan.batch), Err(CommitError::Condition(_)))
}

#[test]
fn a_create_that_comes_after_the_deletion_of_what_it_refers_to_starts_again() {
    let records = room();
    let answers = ResourceType::QuestionnaireResponse;
    let response = stored(&records, Version::R4, answers, &example("r4/valid/questionnaireresponse-minimal", ""));
    let refers = format!(r#""supportingInfo":[{{"reference":"QuestionnaireResponse/{response}"}}],"#);
    let plan_body = example("r4/valid/selfcareplan-minimal", &refers);
    let of_type = ResourceType::CarePlan;
    let prepare = || {
        let (id, now) = (records.new_id(), records.now());
        records.prepare_create(&Access::Open, Version::R4, of_type, &plan_body, None, id, now).unwrap().0
    };
    let (late, other) = (prepare(), prepare());
    let (late, other) = (planned(&records, &late), planned(&records, &other));
    records.store.commit(other.batch).unwrap();
    let refusal = records.delete(&Access::Open, Version::R4, answers, &response, None).unwrap_err();
    assert!(matches!(refusal, Refusal::StillReferredTo(..)), "{refusal:?}");
    assert!(is_refused(&records, late), "two referrers side by side: the second starts again");

    let response = stored(&records, Version::R4, answers, &example("r4/valid/questionnaireresponse-minimal", ""));
    let refers = format!(r#""supportingInfo":[{{"reference":"QuestionnaireResponse/{response}"}}],"#);
    let plan_body = example("r4/valid/selfcareplan-minimal", &refers);
    let (id, now) = (records.new_id(), records.now());
    let change = records.prepare_create(&Access::Open, Version::R4, of_type, &plan_body, None, id, now).unwrap().0;
    let late = planned(&records, &change);
    records.delete(&Access::Open, Version::R4, answers, &response, None).unwrap();
    assert!(is_refused(&records, late), "what it refers to is deleted");
    let again = change
        .plan(&records, &records.store.view())
        .and_then(|mut plan| change.settle(&records, &records.store.view(), &mut plan));
    assert!(matches!(again, Err(Refusal::Dangling(..))), "{again:?}");
}

#[test]
fn an_update_that_comes_after_the_deletion_of_what_it_refers_to_starts_again() {
    let records = room();
    let (form, answers) = (ResourceType::Questionnaire, ResourceType::QuestionnaireResponse);
    let form_id = stored(&records, Version::Stu3, form, &example("stu3/valid/questionnaire-minimal", ""));
    let own = example("stu3/valid/questionnaireresponse-minimal", "");
    let own = stored(&records, Version::Stu3, answers, &own);
    let refers = format!(r#""id":"{own}","parent":[{{"reference":"Questionnaire/{form_id}"}}],"#);
    let update = example("stu3/valid/questionnaireresponse-minimal", &refers);
    // Planned as it is once judged: whether the profile has the element does not matter here.
    let act = write_plan::ChangeAct::Update {
        resource: update.root(),
        id: own.parse().unwrap(),
        patient: Some(PATIENT.parse().unwrap()),
        if_match: None,
    };
    let access = Access::Open;
    let now = records.now();
    let change = write_plan::Change { access: &access, version: Version::Stu3, resource_type: answers, now, act };
    let late = planned(&records, &change);
    records.delete(&Access::Open, Version::Stu3, form, &form_id, None).unwrap();
    assert!(is_refused(&records, late));
}

#[test]
fn nothing_is_stored_for_a_patient_that_is_forgotten_meanwhile() {
    let records = room();
    let body = example("r4/valid/bodyweight-minimal", "");
    let (id, now) = (records.new_id(), records.now());
    let of_type = ResourceType::Observation;
    let change = records.prepare_create(&Access::Open, Version::R4, of_type, &body, None, id, now).unwrap().0;
    let late = planned(&records, &change);
    assert_eq!(records.forget_patient(PATIENT.parse().unwrap()).unwrap(), 1);
    assert!(is_refused(&records, late));
}
