//! A kind of result that is looked for: on both bases, by searches that any application could make.

use super::reading::{Code, Reading, merged, search_of};
use super::refusal::Refusal;
use crate::citizens::Language;
use crate::fhir::Version;
use crate::http::pages::citizen::Kind;
use crate::records::{Access, Page, Records, ResourceType};

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The kind.
    pub kind: Kind,
    /// The type of its resources.
    pub resource_type: ResourceType,
    /// The code of a kind without a name of ours.
    pub code: Option<Code>,
}

impl Wanted {
    /// The kind of a reading.
    pub fn of(reading: &Reading) -> Wanted {
        let code = match reading.kind {
            Kind::Other(_) => reading.code.clone(),
            _ => None,
        };
        Wanted { kind: reading.kind.clone(), resource_type: reading.resource_type, code }
    }

    /// The address of its page, behind the root.
    pub fn address(&self) -> String {
        let address = format!("measurements/{}", self.kind.slug());
        let Kind::Other(_) = self.kind else { return address };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("type", self.resource_type.as_str());
        if let Some(code) = &self.code {
            if let Some(system) = &code.system {
                query.append_pair("system", system);
            }
            query.append_pair("code", &code.code);
        }
        format!("{address}?{}", query.finish())
    }

    /// Whether a reading belongs to it: a code may stand in resources of several kinds.
    pub fn has(&self, reading: &Reading) -> bool {
        match (&reading.kind, &self.kind) {
            (Kind::Other(_), Kind::Other(_)) => {
                reading.resource_type == self.resource_type && reading.code == self.code
            }
            (one, other) => one == other,
        }
    }

    /// The newest readings, the newest first, at most `most` of each base that are not before `from` (an instant as FHIR
    /// writes it); and whether there are more.
    pub fn newest(
        &self,
        records: &Records,
        access: &Access,
        language: Language,
        from: Option<&str>,
        most: usize,
    ) -> Result<(Vec<Reading>, bool), Refusal> {
        let (mut found, mut has_more) = (Vec::new(), false);
        let newest_first = [("_sort", format!("-{}", self.date_parameter())), ("_count", most.to_string())];
        for version in Version::ALL {
            let page = self.search(records, access, version, from, &newest_first)?;
            has_more |= page.total > most;
            found.extend(page.hits.iter().filter_map(|hit| Reading::of_hit(hit, version, language)));
        }
        found.retain(|reading| self.has(reading));
        Ok((merged(found), has_more))
    }

    /// How many there are on both bases that are not before `from`.
    pub fn count(&self, records: &Records, access: &Access, from: Option<&str>) -> Result<usize, Refusal> {
        let only_count = [("_summary", String::from("count"))];
        Version::ALL
            .into_iter()
            .try_fold(0, |count, version| Ok(count + self.search(records, access, version, from, &only_count)?.total))
    }

    fn search(
        &self,
        records: &Records,
        access: &Access,
        version: Version,
        from: Option<&str>,
        more: &[(&str, String)],
    ) -> Result<Page, Refusal> {
        let mut pairs = vec![(String::from("patient"), access.patient().unwrap_or_default().to_string())];
        let codes = search_of(&self.kind).map(|(_, codes)| codes).or_else(|| self.code.as_ref().map(Code::as_token));
        pairs.extend(codes.map(|codes| (String::from("code"), codes)));
        pairs.extend(from.map(|from| (self.date_parameter().to_owned(), format!("ge{from}"))));
        pairs.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let page = records.search(access, version, self.resource_type, &pairs);
        page.map_err(|refusal| Refusal::internal(refusal.reason().1))
    }

    /// The search parameter for when it was.
    fn date_parameter(&self) -> &'static str {
        match self.resource_type {
            ResourceType::MedicationAdministration => "effective-time",
            _ => "date",
        }
    }
}
