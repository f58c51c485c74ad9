//! Device, which is only ever contained (<https://hl7.org/fhir/R4/device.html>, differences to STU3).

use super::tree::Node;
use super::{Change, Draft};

impl Draft<'_> {
    /// The devices within the resource.
    pub(super) fn contained_devices(&mut self) {
        let mut changes = Vec::new();
        for (index, device) in self.root.get_mut("contained").into_iter().flat_map(Node::each_mut).enumerate() {
            if device.text_of("resourceType") != Some("Device") {
                continue;
            }
            let path = format!("{}.contained[{index}]", self.of_type);
            let mut change = |member: &str, to: &str, why: &str| {
                let (path, from) = (format!("{path}.{member}"), member.to_owned());
                changes.push(Change { path, from, to: to.to_owned(), why: why.to_owned() });
            };
            if device.rename("model", "modelNumber") {
                change("model", "modelNumber", "renamed in R4");
            }
            if let Some(version @ Node::Text(_)) = device.get_mut("version") {
                *version = Node::Array(vec![Node::object([("value", version.clone())])]);
                change("version", "version[0].value", "the element repeats in R4, each with its value");
            }
            carrier(device, &mut change);
        }
        self.changes.append(&mut changes);
    }
}

/// `udi` → `udiCarrier[0]`, its name → `deviceName`.
fn carrier(device: &mut Node, change: &mut impl FnMut(&str, &str, &str)) {
    let Some(udi @ Node::Object(_)) = device.get_mut("udi") else { return };
    let name = udi.remove("name").map(|(_, name)| name);
    *udi = Node::Array(vec![udi.clone()]);
    device.rename("udi", "udiCarrier");
    change("udi", "udiCarrier[0]", "renamed in R4, where it repeats");
    let Some(name) = name else { return };
    let named = Node::object([("name", name), ("type", Node::text("udi-label-name"))]);
    match device.get_mut("deviceName") {
        Some(Node::Array(names)) => names.push(named),
        _ => device.insert(usize::MAX, "deviceName", Node::Array(vec![named])),
    }
    change("udi.name", "deviceName", "R4 keeps all names of a device in one place");
}
