//! Scripted faults: which requests are to go wrong, and how.
//!
//! Pure: a rule is matched against who asks for what, and counts. The wire does what [`Fault`] says.

use jiff::{SignedDuration, Span};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use std::sync::{Mutex, PoisonError};

/// One rule: for these requests, this fault.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which requests; all of the application's when nothing is said.
    #[serde(default, rename = "match")]
    pub matching: Match,
    /// What happens to them.
    pub fault: Fault,
    /// To how many of them; to all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// Which requests a rule is for. What is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// The HTTP method, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How the path begins, within the tenant: `/phr-resourceserver/baseR4/Observation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The OAuth client: of the access token, the credentials or the parameter `client_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The citizen of the access token: the id or the personal identity code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citizen: Option<String>,
    /// Only the nth request that fits all else, from 1, counted since the rules were set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
}

/// What happens to a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// This status is answered, and nothing is done: with `body`, else with the body recorded or usual for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The body to answer: a JSON value, or text (HTML when it begins with `<`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
    /// How long the request waits first, as `PT2.5S`; what else is said happens afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// The connection is cut without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    /// The request is carried out, but of its answer only the first half comes.
    #[serde(skip_serializing_if = "is_false")]
    pub malformed: bool,
    /// A failure that applications met, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Scenario>,
}

/// When a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "Json")]
pub enum Cut {
    /// Nothing is done (`true` says the same).
    Before,
    /// The request is carried out; only its answer is lost.
    After,
}

impl TryFrom<Json> for Cut {
    type Error = &'static str;

    fn try_from(json: Json) -> Result<Cut, &'static str> {
        match json {
            Json::Bool(true) => Ok(Cut::Before),
            Json::String(word) if word == "before" => Ok(Cut::Before),
            Json::String(word) if word == "after" => Ok(Cut::After),
            _ => Err("cut is \"before\" (or true) or \"after\""),
        }
    }
}

/// Failures that applications really met (resource-server.md §9 and §11, authorization-server.md §7.1 and §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// The database behind the servers is out of reach.
    DatabaseDown,
    /// A filter in front of the servers takes the request for an attack: 400 and a page.
    FirewallRejects,
    /// The same page with status 200.
    FirewallRejectsWith200,
    /// The servers are up, the application in them is not: 500 and a page.
    ApplicationDown,
    /// A break for maintenance: 503.
    Maintenance,
}

/// A duration between 0 and ten minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay(pub std::time::Duration);

impl Serialize for Delay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SignedDuration::try_from(self.0).unwrap_or(SignedDuration::ZERO).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Delay, D::Error> {
        let text = String::deserialize(deserializer)?;
        let span = text.parse::<Span>().ok().and_then(|span| SignedDuration::try_from(span).ok());
        let delay = span.and_then(|span| std::time::Duration::try_from(span).ok());
        delay.filter(|delay| delay.as_secs() <= 600).map(Delay).ok_or_else(|| {
            serde::de::Error::custom(format_args!("{text:?} is no duration from PT0S to PT10M, such as PT2.5S"))
        })
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl FaultRule {
    /// What is wrong with a rule, beyond its JSON.
    pub fn check(&self) -> Result<(), String> {
        let Fault { status, body, delay, cut, malformed, scenario } = &self.fault;
        let ways = [status.is_some(), cut.is_some(), *malformed, scenario.is_some()];
        match ways.iter().filter(|way| **way).count() {
            0 if delay.is_none() => {
                return Err("the fault says nothing: give status, delay, cut, malformed or scenario".to_owned());
            }
            0 | 1 => {}
            _ => return Err("give one of status, cut, malformed and scenario; delay may stand beside each".to_owned()),
        }
        if status.is_some_and(|status| !(200..600).contains(&status)) {
            return Err("status is from 200 to 599".to_owned());
        }
        if body.is_some() && status.is_none() {
            return Err("a body needs a status".to_owned());
        }
        if self.matching.path.as_deref().is_some_and(|path| !path.starts_with('/')) {
            return Err("path begins with /".to_owned());
        }
        if self.matching.nth == Some(0) || self.times == Some(0) {
            return Err("nth and times count from 1".to_owned());
        }
        Ok(())
    }
}

/// A request, as far as rules look at it.
#[derive(Clone, Debug, Default)]
pub struct Subject<'a> {
    /// The method.
    pub method: &'a str,
    /// The path within the tenant.
    pub path: &'a str,
    /// The OAuth client.
    pub client_id: Option<String>,
    /// What the citizen is called: the id, the personal identity code.
    pub citizen: Vec<String>,
}

impl Match {
    fn fits(&self, subject: &Subject<'_>) -> bool {
        self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(subject.method))
            && self.path.as_deref().is_none_or(|path| subject.path.starts_with(path))
            && self.client_id.as_ref().is_none_or(|client_id| subject.client_id.as_ref() == Some(client_id))
            && self.citizen.as_ref().is_none_or(|citizen| subject.citizen.contains(citizen))
    }
}

/// Rules at work: each with how many requests it has seen and how many it has hit.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<FaultRule>,
    counts: Mutex<Vec<(u32, u32)>>,
}

impl Faults {
    /// Fresh counts for these rules.
    pub fn new(rules: Vec<FaultRule>) -> Faults {
        let counts = Mutex::new(vec![(0, 0); rules.len()]);
        Faults { rules, counts }
    }

    /// The rules.
    pub fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// The first rule that hits this request, with its place from 1. Every rule that the request fits counts it, up to
    /// the one that hits.
    pub fn hit(&self, subject: &Subject<'_>) -> Option<(usize, Fault)> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        self.rules.iter().zip(counts.iter_mut()).enumerate().find_map(|(index, (rule, (seen, hit)))| {
            if !rule.matching.fits(subject) {
                return None;
            }
            *seen = seen.saturating_add(1);
            let due = rule.matching.nth.is_none_or(|nth| nth == *seen) && rule.times.is_none_or(|times| *hit < times);
            if due {
                *hit = hit.saturating_add(1);
            }
            due.then(|| (index + 1, rule.fault.clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(rules: Json) -> Faults {
        Faults::new(serde_json::from_value(rules).unwrap())
    }

    fn hits(faults: &Faults, method: &str, path: &str) -> Option<usize> {
        faults.hit(&Subject { method, path, ..Subject::default() }).map(|(place, _)| place)
    }

    #[test]
    fn the_first_rule_that_is_due_hits() {
        let faults = faults(json!([
            {"match": {"method": "post", "path": "/a", "nth": 2}, "fault": {"status": 503}},
            {"match": {"path": "/a"}, "fault": {"delay": "PT1S"}, "times": 2},
        ]));
        assert_eq!(hits(&faults, "POST", "/a/1"), Some(2));
        assert_eq!(hits(&faults, "POST", "/b"), None);
        assert_eq!(hits(&faults, "POST", "/a/1"), Some(1), "the second POST");
        assert_eq!(hits(&faults, "GET", "/a"), Some(2));
        assert_eq!(hits(&faults, "GET", "/a"), None, "twice was said");
    }

    #[test]
    fn rules_that_mean_nothing_are_refused_with_words() {
        let wrong = |rule: Json| match serde_json::from_value::<FaultRule>(rule) {
            Ok(rule) => rule.check().unwrap_err(),
            Err(error) => error.to_string(),
        };
        assert!(wrong(json!({"fault": {}})).contains("says nothing"));
        assert!(wrong(json!({"fault": {"status": 500, "cut": true}})).contains("one of"));
        assert!(wrong(json!({"fault": {"status": 100}})).contains("200 to 599"));
        assert!(wrong(json!({"fault": {"status": 500}, "match": {"nth": 0}})).contains("from 1"));
        assert!(wrong(json!({"fault": {"delay": "PT11M"}})).contains("PT10M"));
        assert!(wrong(json!({"fault": {"delay": "-PT1S"}})).contains("PT10M"));
        assert!(wrong(json!({"fault": {"cut": "sometimes"}})).contains("before"));
        assert!(wrong(json!({"fault": {"scenario": "war"}})).contains("database-down"));
        assert!(wrong(json!({"fault": {"status": 500}, "mach": {}})).contains("unknown field"));
        assert!(wrong(json!({"fault": {"body": "x"}})).contains("says nothing"));
        assert!(wrong(json!({"fault": {"body": "x", "cut": true}})).contains("needs a status"));
        assert!(wrong(json!({"fault": {"status": 500}, "match": {"path": "a"}})).contains("begins with /"));
    }

    #[test]
    fn a_rule_is_shown_as_it_was_given() {
        let given = json!({"match": {"client_id": "a"}, "fault": {"delay": "PT1.5S", "cut": "after"}, "times": 1});
        let rule: FaultRule = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(serde_json::to_value(rule).unwrap(), given);
    }
}
