//! What is needed around the library: the sandbox's address, a token, and examples.

use serde_json::{Value, json};
use std::error::Error;
use std::path::PathBuf;

const EXAMPLE_PATIENT: &str = "7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3";
const TYPES: [&str; 5] =
    ["Observation", "MedicationAdministration", "CarePlan", "Questionnaire", "QuestionnaireResponse"];

pub struct Sandbox {
    url: String,
    examples: PathBuf,
}

pub struct Token {
    pub access_token: String,
    pub patient: String,
}

impl Sandbox {
    pub fn from_environment() -> Result<Sandbox, Box<dyn Error>> {
        let url = std::env::var("PHR_URL").map_err(|_| "PHR_URL is not set: the http address of a running sandbox")?;
        let examples = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"));
        Ok(Sandbox { url, examples })
    }

    pub fn fhir_base(&self, name: &str) -> String {
        format!("{}/phr-resourceserver/{name}/", self.url)
    }

    /// A token without a browser, for a new client.
    pub async fn token(&self) -> Result<Token, Box<dyn Error>> {
        let scope: Vec<String> =
            TYPES.iter().flat_map(|name| ["read", "write"].map(|act| format!("patient/{name}.{act}"))).collect();
        let client = json!({"name": "fhir-sdk", "redirect_uris": ["https://app.example.test/callback"], "scope": scope.join(" ")});
        let client = self.control("clients", &client).await?;
        let token = self.control("tokens", &json!({"citizen": "aino", "client_id": client["client_id"]})).await?;
        let text = |name: &str| token[name].as_str().map(str::to_owned).ok_or(format!("the token has no {name}"));
        Ok(Token { access_token: text("access_token")?, patient: text("sub")? })
    }

    async fn control(&self, path: &str, body: &Value) -> Result<Value, Box<dyn Error>> {
        let answer = reqwest::Client::new().post(format!("{}/_sandbox/{path}", self.url)).json(body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// An example as the given patient's and with an identifier of its own.
    pub fn example(&self, fhir: &str, name: &str, patient: &str) -> Result<Value, Box<dyn Error>> {
        let text = std::fs::read_to_string(self.examples.join(fhir).join("valid").join(format!("{name}.json")))?;
        let mut resource: Value = serde_json::from_str(&text.replace(EXAMPLE_PATIENT, patient))?;
        let identifier = match &mut resource["identifier"] {
            Value::Array(all) => all.first_mut(),
            one => Some(one),
        };
        if let Some(identifier) = identifier.filter(|identifier| identifier.is_object()) {
            identifier["value"] = json!(format!("urn:uuid:{}", uuid::Uuid::new_v4()));
        }
        Ok(resource)
    }

    /// The examples of measurements and doses, by name.
    pub fn examples(&self, fhir: &str, patient: &str) -> Result<Vec<(String, Value)>, Box<dyn Error>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.examples.join(fhir).join("valid"))? {
            let path = entry?.path();
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
            let resource = self.example(fhir, name, patient)?;
            if resource["resourceType"].as_str().is_some_and(|name| TYPES[..2].contains(&name)) {
                found.push((name.to_owned(), resource));
            }
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }
}
