//! Bundles written around the stored bytes.

use crate::json::escape;
use crate::records::Hit;
use crate::time::to_helsinki;
use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

/// A Bundle in the making.
pub(super) struct Bundle {
    text: Vec<u8>,
    links: usize,
    entries: usize,
}

/// One entry of a history.
pub(super) struct Entry {
    pub full_url: String,
    /// The resource as compact JSON; nothing for a deletion.
    pub resource: Option<Bytes>,
    /// Method and path.
    pub request: (&'static str, String),
    /// Status and version.
    pub response: (&'static str, u32),
}

impl Bundle {
    /// An empty Bundle; `resources` is how many bytes of resources will come into it.
    pub fn new(kind: &str, id: Uuid, last_updated: Option<Timestamp>, total: usize, resources: usize) -> Bundle {
        let mut bundle = Bundle { text: Vec::with_capacity(resources + 1_500), links: 0, entries: 0 };
        bundle.push(&format!("{{\"resourceType\":\"Bundle\",\"id\":\"{id}\""));
        if let Some(last_updated) = last_updated {
            bundle.push(&format!(",\"meta\":{{\"lastUpdated\":\"{}\"}}", to_helsinki(last_updated)));
        }
        bundle.push(&format!(",\"type\":\"{kind}\",\"total\":{total},\"link\":["));
        bundle
    }

    /// Adds a link; links come before entries.
    pub fn link(&mut self, relation: &str, url: &str) {
        self.push(if self.links > 0 { ",{\"relation\":\"" } else { "{\"relation\":\"" });
        self.links += 1;
        self.push(relation);
        self.push("\",\"url\":");
        self.push(&escape(url));
        self.push("}");
    }

    /// Adds a hit of a search, unpacked into its place; `base` is the server's, escaped. A damaged one is left out.
    pub fn hit(&mut self, base: &str, hit: &Hit) {
        let start = self.text.len();
        self.begin_entry();
        self.push(base);
        self.push("/");
        self.push(hit.resource_type.as_str());
        self.push("/");
        let id_at = self.text.len();
        // The id is known once the resource is there.
        self.push("00000000-0000-0000-0000-000000000000\",\"resource\":");
        match hit.append_to(&mut self.text) {
            Some(id) => {
                self.text[id_at..id_at + id.len()].copy_from_slice(&id);
                self.push(",\"search\":{\"mode\":\"match\"}}");
                self.entries += 1;
            }
            None => self.text.truncate(start),
        }
    }

    /// Adds a hit that is written in another way than it is stored; the URL is escaped.
    pub fn rendered_hit(&mut self, full_url: &str, resource: &[u8]) {
        self.begin_entry();
        self.push(full_url);
        self.push("\",\"resource\":");
        self.text.extend_from_slice(resource);
        self.push(",\"search\":{\"mode\":\"match\"}}");
        self.entries += 1;
    }

    /// Adds a version of a history.
    pub fn version(&mut self, version: &Entry) {
        self.begin_entry();
        self.push(escape(&version.full_url).trim_matches('"'));
        self.push("\"");
        if let Some(resource) = &version.resource {
            self.push(",\"resource\":");
            self.text.extend_from_slice(resource);
        }
        let (method, url) = &version.request;
        let (status, number) = version.response;
        self.push(&format!(
            ",\"request\":{{\"method\":\"{method}\",\"url\":\"{url}\"}},\"response\":{{\"status\":\"{status}\",\"etag\":\"W/\\\"{number}\\\"\"}}}}"
        ));
        self.entries += 1;
    }

    /// The Bundle. Without an entry it has no `entry` at all, as FHIR wants it.
    pub fn finish(mut self) -> Bytes {
        self.push("]}");
        self.text.into()
    }

    /// The beginning of an entry, up to its `fullUrl`.
    fn begin_entry(&mut self) {
        self.push(if self.entries == 0 { "],\"entry\":[{\"fullUrl\":\"" } else { ",{\"fullUrl\":\"" });
    }

    fn push(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }
}
