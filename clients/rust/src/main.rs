//! Reading and writing on both bases with fhir-sdk, whose R4 is R4B. Prints CLIENT, STEP, ok or failed, DETAIL between tabs.

mod sandbox;
mod steps;

use fhir_sdk::client::{Client, Error, RequestSettings, SearchParameters};
use fhir_sdk::version::{FhirR4B, FhirStu3};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use sandbox::{Sandbox, Token};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::process::ExitCode;
use steps::{Steps, equal, holds};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The status an OperationOutcome came with.
fn status(error: &Error) -> u16 {
    match error {
        Error::OperationOutcomeStu3(status, _) | Error::OperationOutcomeR4B(status, _) => status.as_u16(),
        Error::Response(status, _) => status.as_u16(),
        _ => 0,
    }
}

fn refused<T>(result: Result<T, Error>, expected: u16) -> Outcome {
    match result {
        Ok(_) => Err(format!("{expected} was expected, it was accepted").into()),
        Err(error) if status(&error) == expected => Ok(()),
        Err(error) => Err(format!("{expected} was expected: {error}").into()),
    }
}

fn headers(token: &str, more: &[(&'static str, &str)]) -> Result<RequestSettings, Box<dyn std::error::Error>> {
    let mut settings =
        RequestSettings::default().header(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
    for (name, value) in more {
        settings = settings.header(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    Ok(settings)
}

/// The models of the versions are types of their own: the same walk for each.
macro_rules! walk {
    ($walk:ident, $version:ident, $client:ty, $base:literal, $folder:literal) => {
        async fn $walk(sandbox: &Sandbox, steps: &mut Steps) -> Outcome {
            use fhir_sdk::$version::resources::{
                CarePlan, Observation, Patient, Questionnaire, QuestionnaireResponse, Resource, ResourceType,
            };

            let Token { access_token, patient } = sandbox.token().await?;
            let connect = |token: &str, more: &[(&'static str, &str)]| -> Result<Client<$client>, Box<dyn std::error::Error>> {
                let base = sandbox.fhir_base($base).parse()?;
                Ok(Client::<$client>::builder().base_url(base).request_settings(headers(token, more)?).build()?)
            };
            let client = connect(&access_token, &[])?;
            let example = sandbox.example($folder, "bodyweight-rich", &patient)?;
            let weight: Observation = serde_json::from_value(example.clone())?;
            let identifier = &example["identifier"][0];
            let identifier =
                format!("{}|{}", identifier["system"].as_str().unwrap_or(""), identifier["value"].as_str().unwrap_or(""));
            let mine = || SearchParameters::empty().and_raw("patient", &patient).and_raw("identifier", &identifier);
            let mut id = String::new();

            steps.step("metadata", async {
                let statement = serde_json::to_value(client.capabilities().await?)?;
                equal(&statement["rest"][0]["mode"], &json!("server"))
            }).await;
            steps.step("create", async {
                let (created, version) = client.create(&weight).await?;
                equal(&version, &Some("1".to_owned()))?;
                id = created;
                Ok(())
            }).await;
            steps.step("create every example", async {
                for (file, example) in sandbox.examples($folder, &patient)? {
                    let mut resource: Resource = serde_json::from_value(example).map_err(|error| format!("{file}: {error}"))?;
                    use fhir_sdk::client::AnyResourceWrite as _;
                    resource.create(&client).await.map_err(|error| format!("{file}: {error}"))?;
                }
                Ok(())
            }).await;
            steps.step("invalid refused", async {
                let mut wrong = example.clone();
                wrong["status"] = json!("preliminary");
                refused(client.create(&serde_json::from_value::<Observation>(wrong)?).await, 422)
            }).await;
            steps.step("conditional create", async {
                // The client has no word for it; a header of its own settings does.
                let once = connect(&access_token, &[("if-none-exist", &format!("identifier={identifier}"))])?;
                equal(&once.create(&weight).await?.0, &id)?;
                let other = connect(&access_token, &[("if-none-exist", &format!("patient={patient}"))])?;
                refused(other.create(&weight).await, 400)
            }).await;
            steps.step("read", async {
                let stored = client.read::<Observation>(&id).await?.ok_or("nothing was read")?;
                let stored = serde_json::to_value(stored)?;
                equal(&stored["meta"]["versionId"], &json!("1"))?;
                equal(&stored["valueQuantity"]["value"], &example["valueQuantity"]["value"])?;
                holds(client.read::<Patient>(&patient).await?.is_some(), "the Patient was read")
            }).await;
            steps.step("update", async {
                let stored = client.read::<Observation>(&id).await?.ok_or("nothing was read")?;
                let mut changed = serde_json::to_value(&stored)?;
                changed["valueQuantity"]["value"] = json!(70.25);
                let changed: Observation = serde_json::from_value(changed)?;
                equal(&client.update(&changed, true).await?, &(false, "2".to_owned()))?;
                let first = client.read_version::<Observation>(&id, "1").await?.ok_or("no first version")?;
                equal(&serde_json::to_value(first)?["valueQuantity"]["value"], &example["valueQuantity"]["value"])?;
                // The version in its meta is now an old one.
                refused(client.update(&stored, true).await, 409)
            }).await;
            steps.step("history", async {
                let history = client.history::<Observation>(Some(&id)).await?;
                let bundle = serde_json::to_value(history.bundle())?;
                let versions: Vec<&Value> = bundle["entry"].as_array().into_iter().flatten().map(|entry| &entry["resource"]["meta"]["versionId"]).collect();
                equal(&versions, &vec![&json!("2"), &json!("1")])
            }).await;
            steps.step("search", async {
                let narrower = mine().and_raw("code", "http://loinc.org|29463-7").and_raw("date", "ge2000-01-01");
                let found = client.search::<Observation>(narrower).await?;
                equal(&found.total(), &Some(1))?;
                equal(&found.matches().next().and_then(|found| found.id.clone()), &Some(id.clone()))?;
                refused(client.search::<Observation>(SearchParameters::empty().and_raw("code", "29463-7")).await, 400)
            }).await;
            steps.step("paging to the end", async {
                let mut page = client.search::<Observation>(SearchParameters::empty().and_raw("patient", &patient).and_raw("_count", 4)).await?;
                let total = page.total().ok_or("no total")? as usize;
                let mut found = HashSet::new();
                loop {
                    found.extend(page.matches().filter_map(|found| found.id.clone()));
                    page = match page.next_page().await {
                        Some(next) => next?,
                        None => break,
                    };
                }
                equal(&found.len(), &total)?;
                holds(total > 8, "there is more than a page")
            }).await;
            steps.step("care plan", async {
                let plan: CarePlan = serde_json::from_value(sandbox.example($folder, "selfcareplan-minimal", &patient)?)?;
                let (plan, _) = client.create(&plan).await?;
                let found = client.search::<CarePlan>(SearchParameters::empty().and_raw("patient", &patient)).await?;
                holds(found.matches().any(|found| found.id.as_ref() == Some(&plan)), "the plan is found")?;
                client.delete(ResourceType::CarePlan, &plan).await?;
                holds(client.read::<CarePlan>(&plan).await?.is_none(), "it is gone")
            }).await;
            steps.step("questionnaire and response", async {
                let mut form = sandbox.example($folder, "questionnaire-minimal", &patient)?;
                let url = format!("https://questions.example/Questionnaire/{}", uuid::Uuid::new_v4());
                form["url"] = json!(url);
                let (form, _) = client.create(&serde_json::from_value::<Questionnaire>(form)?).await?;
                let found = client.search::<Questionnaire>(SearchParameters::empty().and_raw("url", &url)).await?;
                equal(&found.matches().next().and_then(|found| found.id.clone()), &Some(form.clone()))?;
                let mut answers = sandbox.example($folder, "questionnaireresponse-minimal", &patient)?;
                let by_id = format!("Questionnaire/{form}");
                let asked = if $folder == "r4" { &url } else { &by_id };
                answers["questionnaire"] = if $folder == "r4" { json!(url) } else { json!({"reference": by_id}) };
                client.create(&serde_json::from_value::<QuestionnaireResponse>(answers)?).await?;
                let searched = SearchParameters::empty().and_raw("patient", &patient).and_raw("questionnaire", asked);
                equal(&client.search::<QuestionnaireResponse>(searched).await?.total(), &Some(1))
            }).await;
            if $folder == "r4" {
                steps.step("transaction", async {
                    let [one, other] = [sandbox.example($folder, "bodyweight-rich", &patient)?, sandbox.example($folder, "bodyweight-rich", &patient)?];
                    let mut transaction = client.transaction();
                    transaction.create(serde_json::from_value::<Observation>(one.clone())?);
                    transaction.create(serde_json::from_value::<Observation>(other)?);
                    let answer = serde_json::to_value(transaction.send().await?)?;
                    equal(&answer["entry"][1]["response"]["status"], &json!("201 Created"))?;
                    let before = client.search::<Observation>(SearchParameters::empty().and_raw("patient", &patient)).await?.total();
                    let mut wrong = sandbox.example($folder, "bodyweight-rich", &patient)?;
                    wrong["status"] = json!("preliminary");
                    let mut transaction = client.transaction();
                    transaction.create(serde_json::from_value::<Observation>(one)?);
                    transaction.create(serde_json::from_value::<Observation>(wrong)?);
                    refused(transaction.send().await, 422)?;
                    let after = client.search::<Observation>(SearchParameters::empty().and_raw("patient", &patient)).await?.total();
                    equal(&after, &before)
                }).await;
                steps.step("batch", async {
                    let mut batch = client.batch();
                    batch.read(ResourceType::Observation, &id);
                    batch.read(ResourceType::Observation, "22222222-2222-4222-8222-222222222222");
                    let answer = serde_json::to_value(batch.send().await?)?;
                    equal(&answer["entry"][0]["response"]["status"], &json!("200 OK"))?;
                    equal(&answer["entry"][1]["response"]["status"], &json!("404 Not Found"))
                }).await;
            }
            steps.step("delete", async {
                client.delete(ResourceType::Observation, &id).await?;
                // Gone is as good as not there to this client.
                holds(client.read::<Observation>(&id).await?.is_none(), "it is gone")?;
                equal(&client.search::<Observation>(mine()).await?.total(), &Some(0))
            }).await;
            steps.step("wrong token refused", async {
                let stranger = connect("not-a-token", &[])?;
                refused(stranger.search::<Observation>(mine()).await, 403)
            }).await;
            Ok(())
        }
    };
}

walk!(walk_r4, r4b, FhirR4B, "baseR4", "r4");
walk!(walk_stu3, stu3, FhirStu3, "baseStu3", "stu3");

#[tokio::main]
async fn main() -> ExitCode {
    let mut failed = false;
    for (client, base) in [("fhir-sdk r4", "r4"), ("fhir-sdk stu3", "stu3")] {
        let mut steps = Steps::new(client);
        let walked = async {
            let sandbox = Sandbox::from_environment()?;
            match base {
                "r4" => walk_r4(&sandbox, &mut steps).await,
                _ => walk_stu3(&sandbox, &mut steps).await,
            }
        };
        if let Err(error) = walked.await {
            steps.broke_off(&*error);
        }
        failed |= steps.failed();
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
