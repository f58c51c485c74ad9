//! Bundles written around the stored bytes.

use crate::json::write_escaped;
use crate::time::to_helsinki;
use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

/// A Bundle in the making.
pub(super) struct Bundle {
    text: String,
    links: usize,
    entries: usize,
}

/// One entry.
pub(super) struct Entry {
    pub full_url: String,
    /// The resource as compact JSON.
    pub resource: Option<Bytes>,
    /// Method and path, in histories.
    pub request: Option<(&'static str, String)>,
    /// Status and version, in histories.
    pub response: Option<(&'static str, u32)>,
    /// Whether it is a hit of a search.
    pub is_match: bool,
}

impl Bundle {
    /// An empty Bundle; `resources` is how many bytes of resources will come into it.
    pub fn new(kind: &str, id: Uuid, last_updated: Option<Timestamp>, total: usize, resources: usize) -> Bundle {
        let mut text = String::with_capacity(resources + 2_000);
        text.push_str(&format!("{{\"resourceType\":\"Bundle\",\"id\":\"{id}\""));
        if let Some(last_updated) = last_updated {
            text.push_str(&format!(",\"meta\":{{\"lastUpdated\":\"{}\"}}", to_helsinki(last_updated)));
        }
        text.push_str(&format!(",\"type\":\"{kind}\",\"total\":{total},\"link\":["));
        Bundle { text, links: 0, entries: 0 }
    }

    /// Adds a link; links come before entries.
    pub fn link(&mut self, relation: &str, url: &str) {
        if self.links > 0 {
            self.text.push(',');
        }
        self.links += 1;
        self.text.push_str("{\"relation\":\"");
        self.text.push_str(relation);
        self.text.push_str("\",\"url\":");
        write_escaped(&mut self.text, url);
        self.text.push('}');
    }

    /// Adds an entry. Without any, the Bundle has no `entry` at all, as FHIR wants it.
    pub fn entry(&mut self, entry: &Entry) {
        self.text.push_str(if self.entries == 0 { "],\"entry\":[" } else { "," });
        self.entries += 1;
        self.text.push_str("{\"fullUrl\":");
        write_escaped(&mut self.text, &entry.full_url);
        if let Some(resource) = &entry.resource {
            self.text.push_str(",\"resource\":");
            self.text.push_str(std::str::from_utf8(resource).unwrap_or("null"));
        }
        if let Some((method, url)) = &entry.request {
            self.text.push_str(&format!(",\"request\":{{\"method\":\"{method}\",\"url\":\"{url}\"}}"));
        }
        if let Some((status, version)) = entry.response {
            self.text.push_str(&format!(",\"response\":{{\"status\":\"{status}\",\"etag\":\"W/\\\"{version}\\\"\"}}"));
        }
        if entry.is_match {
            self.text.push_str(",\"search\":{\"mode\":\"match\"}");
        }
        self.text.push('}');
    }

    pub fn finish(mut self) -> String {
        self.text.push_str("]}");
        self.text
    }
}
