//! A query string read once into what is asked for, or into the way in which it can't be.

use super::parameters::{RESULT_PARAMETERS, default_code_system};
use super::{
    DateFilter, Parameter, ParameterType, ResourceType, Role, System, Token, canonical, parameters, split_values,
};
use crate::fhir::Version;

/// How many codes one search may name: each is a walk over the index.
const MOST_CODES: usize = 1000;

/// How many conditions on dates one search may have.
const MOST_DATES: usize = 100;

/// Conditions of FHIR's own on every type that are not searched by here: passing over one would find too much.
const CONDITIONS: [&str; 16] = [
    "_contained",
    "_containedType",
    "_content",
    "_filter",
    "_has",
    "_include",
    "_language",
    "_list",
    "_profile",
    "_query",
    "_revinclude",
    "_security",
    "_source",
    "_tag",
    "_text",
    "_type",
];

/// How queries are read; [`Default`] refuses what is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryRules {
    /// Parameters that the type does not have are passed over.
    pub ignore_unknown: bool,
    /// Those that begin with `_` and are no condition of FHIR's own are passed over.
    pub ignore_special: bool,
    /// The searches of early 2019: one code at a time, `_sort` and the code of a dose are passed over.
    pub of_2019: bool,
}

impl QueryRules {
    /// Whether a parameter that is not known is passed over.
    fn pass_over(self, name: &str) -> bool {
        let plain = name.split([':', '.']).next().unwrap_or(name);
        self.ignore_unknown || (self.ignore_special && name.starts_with('_') && !CONDITIONS.contains(&plain))
    }

    /// Whether a known parameter had no effect then.
    fn had_no_effect(self, resource_type: ResourceType, name: &str) -> bool {
        self.of_2019 && (name == "_sort" || (name == "code" && resource_type == ResourceType::MedicationAdministration))
    }
}

/// What a search asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The id of the patient, as given.
    pub patient: Option<String>,
    /// One of these codes, or this URL, of what the type is indexed by; empty for any.
    pub codes: Vec<Token>,
    /// All of these dates.
    pub dates: Vec<DateFilter>,
    /// All of these times of writing.
    pub last_updated: Vec<DateFilter>,
    /// This identifier.
    pub identifier: Option<Token>,
    /// What the content of each candidate must say.
    pub content: Vec<(&'static Parameter, Token)>,
    /// This logical id.
    pub id: Option<String>,
    /// The order of the hits; empty for the order of writing.
    pub sort: Vec<Sort>,
    /// How many hits a page holds.
    pub count: Option<usize>,
    /// How much of the resources is answered.
    pub summary: Summary,
    /// The elements asked for; empty for all.
    pub elements: Vec<String>,
}

/// One key of `_sort`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// What can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// `date` or `effective-time`.
    Date,
    /// `_lastUpdated`.
    LastUpdated,
}

/// `_summary`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Summary {
    /// Whole resources.
    #[default]
    False,
    /// The elements FHIR marks as summary.
    True,
    /// The narrative and what is mandatory.
    Text,
    /// All but the narrative.
    Data,
    /// The total alone.
    Count,
}

impl Summary {
    /// The words of `_summary`.
    pub const WORDS: [&str; 5] = ["true", "text", "data", "count", "false"];

    /// The summary with this word.
    pub fn parse(word: &str) -> Option<Summary> {
        Some(match word {
            "false" => Summary::False,
            "true" => Summary::True,
            "text" => Summary::Text,
            "data" => Summary::Data,
            "count" => Summary::Count,
            _ => return None,
        })
    }
}

/// Why a query can't be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// A parameter (with its modifier) that the type does not have.
    Unknown(String),
    /// A mandatory parameter is missing.
    Missing(&'static str),
    /// A parameter that may stand once stands more often, or has several values.
    Repeated(String),
    /// A parameter with more values than are looked for in one search, and how many may be.
    TooMany(&'static str, usize),
    /// A date that is none; the value as given.
    Date(String),
    /// A value of a result parameter that has no meaning: parameter and value.
    Value(&'static str, String),
    /// A sort key that can't be sorted by, and those that can.
    Sort(String, String),
}

impl Query {
    /// Reads a decoded query.
    ///
    /// # Errors
    /// See [`QueryError`]; the first one met.
    pub fn parse(
        version: Version,
        resource_type: ResourceType,
        pairs: &[(String, String)],
        rules: QueryRules,
    ) -> Result<Query, QueryError> {
        let mut query = Query::default();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            // The one modifier with a meaning here: it names the only type a patient can have.
            let name = if name == "patient:Patient" { "patient" } else { name.as_str() };
            let known = parameters(resource_type, version).find(|parameter| parameter.name == name);
            if known.is_none() && !RESULT_PARAMETERS.contains(&name) {
                if rules.pass_over(name) {
                    continue;
                }
                return Err(QueryError::Unknown(name.to_owned()));
            }
            if rules.had_no_effect(resource_type, name) {
                continue;
            }
            if rules.of_2019 && name == "code" && split_values(value).len() > 1 {
                return Err(QueryError::Repeated(name.to_owned()));
            }
            let is_date = known.is_some_and(|parameter| parameter.kind == ParameterType::Date);
            if !is_date && seen.contains(&name) {
                return Err(QueryError::Repeated(name.to_owned()));
            }
            seen.push(name);
            match known {
                Some(parameter) if parameter.role != Role::Total => {
                    query.condition(version, resource_type, parameter, value)?;
                }
                _ => query.result(version, resource_type, name, value)?,
            }
        }
        let missing = |name: &str| !seen.contains(&name);
        match parameters(resource_type, version).find(|parameter| parameter.mandatory && missing(parameter.name)) {
            Some(parameter) => Err(QueryError::Missing(parameter.name)),
            None => Ok(query),
        }
    }

    /// A parameter that says what is looked for.
    fn condition(
        &mut self,
        version: Version,
        resource_type: ResourceType,
        parameter: &'static Parameter,
        value: &str,
    ) -> Result<(), QueryError> {
        let name = parameter.name;
        let single = || match split_values(value)[..] {
            [single] => Ok(single),
            _ => Err(QueryError::Repeated(name.to_owned())),
        };
        let date = |text: &str| DateFilter::parse(text).ok_or_else(|| QueryError::Date(text.to_owned()));
        match parameter.role {
            Role::Patient => self.patient = Some(patient_id(single()?, version).to_owned()),
            Role::Indexed if parameter.or => {
                if value.split(',').nth(MOST_CODES).is_some() {
                    return Err(QueryError::TooMany(name, MOST_CODES));
                }
                self.codes = codes(resource_type, value);
            }
            Role::Indexed => self.indexed(parameter, single()?),
            Role::Content => self.content.push((parameter, token(parameter, single()?))),
            Role::Date | Role::LastUpdated => {
                let dates = if parameter.role == Role::Date { &mut self.dates } else { &mut self.last_updated };
                // Every one is asked of every hit.
                if dates.len() >= MOST_DATES {
                    return Err(QueryError::TooMany(name, MOST_DATES));
                }
                dates.push(date(single()?)?);
            }
            Role::Identifier => self.identifier = Some(Token::parse(single()?)),
            Role::Id => self.id = Some(single()?.to_owned()),
            Role::Total => {}
        }
        Ok(())
    }

    /// A parameter that the index answers with one value.
    fn indexed(&mut self, parameter: &'static Parameter, value: &str) {
        let token = token(parameter, value);
        if value.contains('|') && parameter.kind != ParameterType::Token {
            // The index knows no versions: with one, the element itself has to say it.
            let whole = Token { system: System::Any, code: Some(value.to_owned()) };
            self.content.push((parameter, whole));
        }
        self.codes = vec![token];
    }

    /// A parameter that shapes the answer.
    fn result(
        &mut self,
        version: Version,
        resource_type: ResourceType,
        name: &str,
        value: &str,
    ) -> Result<(), QueryError> {
        match name {
            "_count" => self.count = Some(count(value)?),
            "_sort" => self.sort = sort(version, resource_type, value)?,
            "_summary" => {
                self.summary = Summary::parse(value).ok_or_else(|| QueryError::Value("_summary", value.to_owned()))?;
            }
            "_elements" => self.elements = value.split(',').map(|element| element.trim().to_owned()).collect(),
            // The total is always given, but a word that means nothing is a mistake worth hearing of, where HAPI is silent.
            "_total" if !["none", "estimate", "accurate"].contains(&value) => {
                return Err(QueryError::Value("_total", value.to_owned()));
            }
            // `_total`, `_pretty` and `_format` change nothing that is looked for.
            _ => {}
        }
        Ok(())
    }
}

/// The one value of a parameter, as what candidates are compared with.
fn token(parameter: &Parameter, value: &str) -> Token {
    match parameter.kind {
        ParameterType::Token => Token::parse(value),
        // A bare id can only be the one type's that the element refers to.
        ParameterType::Reference if parameter.name == "questionnaire" && uuid::Uuid::try_parse(value).is_ok() => {
            Token { system: System::Any, code: Some(format!("Questionnaire/{value}")) }
        }
        _ => Token { system: System::Any, code: Some(canonical(value).to_owned()) },
    }
}

/// Reads `_count`.
fn count(value: &str) -> Result<usize, QueryError> {
    value.parse().map_err(|_| QueryError::Value("_count", value.to_owned()))
}

/// The id in a bare id, `Patient/id` or `https://…/phr-resourceserver/<base>/Patient/id`, as references in resources are read;
/// anything else, a Patient of another server too, stays whole and is nobody's id.
fn patient_id(value: &str, version: Version) -> &str {
    let local = match value.contains("://") {
        true => value
            .split_once("/phr-resourceserver/")
            .and_then(|(_, local)| local.strip_prefix(version.base_segment())?.strip_prefix('/')),
        false => Some(value.strip_prefix('/').unwrap_or(value)),
    };
    local.and_then(|local| local.strip_prefix("Patient/")).unwrap_or(value)
}

fn codes(resource_type: ResourceType, value: &str) -> Vec<Token> {
    let mut codes: Vec<Token> =
        split_values(value).into_iter().filter(|text| !text.is_empty()).map(Token::parse).collect();
    if codes.len() > 1 {
        for code in &mut codes {
            if code.system == System::Any {
                code.system = System::Is(default_code_system(resource_type).to_owned());
            }
        }
    }
    codes
}

fn sort(version: Version, resource_type: ResourceType, value: &str) -> Result<Vec<Sort>, QueryError> {
    // Some types have no date of their own.
    let date = parameters(resource_type, version).find(|parameter| parameter.role == Role::Date);
    let date = date.map_or("_lastUpdated", |parameter| parameter.name);
    let mut order: Vec<Sort> = Vec::new();
    for part in value.split(',') {
        let (name, descending) = match part.strip_prefix('-') {
            Some(name) => (name, true),
            None => (part, false),
        };
        let key = match name {
            "_lastUpdated" => SortKey::LastUpdated,
            name if name == date => SortKey::Date,
            _ => {
                let valid =
                    if date == "_lastUpdated" { "_lastUpdated".to_owned() } else { format!("_lastUpdated, {date}") };
                return Err(QueryError::Sort(name.to_owned(), valid));
            }
        };
        // A key that has been sorted by changes nothing when it comes again.
        if order.iter().all(|sort| sort.key != key) {
            order.push(Sort { key, descending });
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(resource_type: ResourceType, query: &str) -> Result<Query, QueryError> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Query::parse(Version::R4, resource_type, &pairs, QueryRules::default())
    }

    #[test]
    fn the_queries_of_real_clients_are_read() {
        let query = parse(
            ResourceType::MedicationAdministration,
            "_count=3000&_sort=-effective-time&effective-time=ge2022-03-01&effective-time=lt2022-04-01&patient=p",
        )
        .unwrap();
        assert_eq!(query.count, Some(3000));
        assert_eq!(query.sort, [Sort { key: SortKey::Date, descending: true }]);
        assert_eq!(query.dates.len(), 2);
        for patient in ["p", "Patient/p", "https://x.test/phr-resourceserver/baseR4/Patient/p"] {
            let query = parse(ResourceType::Observation, &format!("patient={patient}&_pretty=true")).unwrap();
            assert_eq!(query.patient.as_deref(), Some("p"));
        }
        for nobodys in [
            "http://evil.example/fhir/Patient/p",
            "https://x.test/phr-resourceserver/baseStu3/Patient/p",
            "https://x.test/phr-resourceserver/baseR4/Practitioner/p",
            "Practitioner/p",
            "x/Patient/p",
        ] {
            let query = parse(ResourceType::Observation, &format!("patient={nobodys}")).unwrap();
            assert_eq!(query.patient.as_deref(), Some(nobodys));
        }
    }

    #[test]
    fn every_word_of_a_summary_is_read() {
        assert!(Summary::WORDS.iter().all(|word| Summary::parse(word).is_some()));
    }

    #[test]
    fn several_codes_get_the_default_system() {
        let codes = |query: &str| parse(ResourceType::Observation, query).unwrap().codes;
        assert_eq!(codes("patient=p&code=1-2")[0].system, System::Any);
        let two = codes("patient=p&code=1-2,urn:x|3");
        assert_eq!(two[0].system, System::Is("http://loinc.org".into()));
        assert_eq!(two[1].system, System::Is("urn:x".into()));
    }

    #[test]
    fn what_can_not_be_answered_is_named() {
        let error = |query: &str| parse(ResourceType::Observation, query).unwrap_err();
        assert_eq!(error("_pretty=true"), QueryError::Missing("patient"));
        assert_eq!(error("patient="), QueryError::Missing("patient"));
        assert_eq!(error("patient=p&effective-time=2019"), QueryError::Unknown("effective-time".into()));
        assert_eq!(error("patient=p&code:text=x"), QueryError::Unknown("code:text".into()));
        assert_eq!(error("patient=p&_security=U"), QueryError::Unknown("_security".into()));
        assert_eq!(error("patient=p&code=1&code=2"), QueryError::Repeated("code".into()));
        assert_eq!(error("patient=p&identifier=1,2"), QueryError::Repeated("identifier".into()));
        assert_eq!(
            error("patient=p&date=2019-01-01T00:00:00 03:00"),
            QueryError::Date("2019-01-01T00:00:00 03:00".into())
        );
        let codes = |count: usize| format!("patient=p&code={}", vec!["1"; count].join(","));
        assert!(parse(ResourceType::Observation, &codes(1000)).is_ok());
        assert_eq!(error(&codes(1001)), QueryError::TooMany("code", 1000));
        let dates = |count: usize| format!("patient=p{}", "&date=ge2019".repeat(count));
        assert!(parse(ResourceType::Observation, &dates(MOST_DATES)).is_ok());
        assert_eq!(error(&dates(MOST_DATES + 1)), QueryError::TooMany("date", MOST_DATES));
        assert_eq!(error("patient=p&_total=foo"), QueryError::Value("_total", "foo".into()));
        assert!(parse(ResourceType::Observation, "patient=p&_total=accurate").is_ok());
        assert_eq!(error("patient=p&_count=x"), QueryError::Value("_count", "x".into()));
        assert_eq!(error("patient=p&_sort=code"), QueryError::Sort("code".into(), "_lastUpdated, date".into()));
    }

    #[test]
    fn parameters_are_passed_over_as_the_rules_say() {
        let read = |query: &str, rules: QueryRules| {
            let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            Query::parse(Version::R4, ResourceType::Observation, &pairs, rules)
        };
        let special = QueryRules { ignore_special: true, ..QueryRules::default() };
        assert!(read("patient=p&_foo=1&_totalMethod=count", special).is_ok());
        for condition in
            ["_security=U", "_has:Observation:x:y=1", "_include=Observation:subject", "_tag:not=x", "foo=1"]
        {
            let error = read(&format!("patient=p&{condition}"), special).unwrap_err();
            assert!(matches!(error, QueryError::Unknown(_)), "{condition}: {error:?}");
        }
        assert!(read("patient=p&foo=1", QueryRules { ignore_unknown: true, ..special }).is_ok());
        let old = QueryRules { of_2019: true, ..QueryRules::default() };
        assert!(read("patient=p&code=1&_sort=anything", old).unwrap().sort.is_empty());
        assert_eq!(read("patient=p&code=1,2", old).unwrap_err(), QueryError::Repeated("code".into()));
    }
}
