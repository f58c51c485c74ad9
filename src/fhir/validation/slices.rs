//! Which slice a repetition belongs to, and whether the slices are filled as they should be.

use smallvec::SmallVec;

use super::answers::type_in;
use super::literals::{contains, equals};
use super::place::Place;
use super::walk::{Item, Scope, Walk};
use crate::fhir::definitions::{
    CodeList, Criterion, Element, PathStep, Slice, Slicing, SlicingRules, StructureKind, Test, UNBOUNDED,
};
use crate::json::{Kind, Value};

/// The name of the slice that takes what no other one takes (FHIR R4, ElementDefinition, "default slice").
const DEFAULT: &str = "@default";

/// The values a criterion's path leads to.
type Found<'w> = SmallVec<[(Value<'w>, Option<&'w str>); 4]>;

impl<'w> Walk<'w> {
    /// Walks the repetitions of a sliced element. A slice may be sliced again: then its repetitions are walked together.
    pub(super) fn sliced(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        element: &'w Element,
        slicing: &'w Slicing,
        items: &[Item<'w>],
        object: Value<'w>,
    ) {
        let slices = &slicing.slices;
        let default = slices.iter().position(|slice| &*slice.name == DEFAULT);
        let mut taken: SmallVec<[SmallVec<[Item<'w>; 2]>; 4]> = SmallVec::from_elem(SmallVec::new(), slices.len());
        let mut last = 0;
        let mut left_slices = false;
        self.unknowable(scope, place, slicing, items);
        for item in items {
            let type_code = item.type_code.or(element.types.first().map(|reference| &*reference.code));
            let belongs = |slice: &Slice| self.belongs(scope, &slice.criteria, item.value, type_code);
            let found = slices.iter().position(belongs).or(default);
            let here = place.at(item.index);
            let here = item.type_code.map_or(here, |type_code| here.choosing(type_code));
            let Some(index) = found else {
                left_slices = true;
                self.unmatched(slicing, &here, item);
                self.item(scope, &here, element, item);
                continue;
            };
            let slice = &slices[index];
            if slicing.is_ordered && index < last {
                let text = format!(
                    "As specified by profile {}, Element matches slice '{}', but slices are out of order",
                    self.owner_url(place),
                    slice.name
                );
                self.error("slice-order", &here, item.anchor(), text);
            }
            if slicing.rules == SlicingRules::OpenAtEnd && left_slices {
                let text = format!(
                    "As specified by profile {}, Element is out of order in ordered slice",
                    self.owner_url(place)
                );
                self.error("slice-order", &here, item.anchor(), text);
            }
            last = index;
            taken[index].push(*item);
            if again(slice).is_none() {
                self.item(scope, &here.in_slice(Some(&slice.name)), &slice.element, item);
            }
        }
        for (slice, items) in slices.iter().zip(&taken) {
            if let Some(slicing) = again(slice) {
                self.sliced(scope, &place.in_slice(Some(&slice.name)), &slice.element, slicing, items, object);
            }
            let count = items.len() as u32;
            let (min, max) = (slice.element.min, slice.element.max);
            let is_unknown = slice.criteria.is_empty() && &*slice.name != DEFAULT;
            if (count >= min && count <= max) || (count < min && is_unknown) {
                continue;
            }
            let mut here = place.in_slice(Some(&slice.name));
            if element.is_choice
                && let Some(reference) = slice.element.types.first()
            {
                here = here.choosing(&reference.code);
            }
            if count < min {
                self.cardinality("slice-min", &here, object, min, count);
            } else if max != UNBOUNDED {
                let anchor = items.get(max as usize).map_or(object, Item::anchor);
                self.cardinality("slice-max", &here, anchor, max, count);
            }
        }
    }

    /// Says of each repetition that a slice cannot be told from others: the engine refuses what is judged by such a profile.
    /// Only bases are like that, which leave the value to the profiles derived from them; any other is refused when loaded.
    fn unknowable(&mut self, scope: &Scope<'w>, place: &Place<'_>, slicing: &'w Slicing, items: &[Item<'w>]) {
        // A base that is named alone has been refused for that.
        if !scope.is_secondary && scope.resource == self.document && self.options.profile.is_none() {
            return;
        }
        let is_unknown = |slice: &&Slice| slice.criteria.is_empty() && &*slice.name != DEFAULT;
        let Some(slice) = slicing.slices.iter().find(is_unknown).filter(|_| !slicing.discriminators.is_empty()) else {
            return;
        };
        let paths: Vec<&str> = slicing.discriminators.iter().map(|discriminator| &*discriminator.path).collect();
        let (paths, id) = (paths.join(", "), place.in_slice(Some(&slice.name)).element_id());
        let text = format!(
            "Internal error: Could not match discriminator ([{paths}]) for slice {id} in profile {} - the discriminator \
             [{paths}] does not have fixed value, binding or existence assertions",
            self.owner_url(place)
        );
        for item in items {
            self.error("slice-unknowable", &place.at(item.index), item.anchor(), text.clone());
        }
    }

    fn unmatched(&mut self, slicing: &Slicing, place: &Place<'_>, item: &Item<'w>) {
        let profile = self.owner_url(place);
        match slicing.rules {
            SlicingRules::Closed => {
                let location = place.location();
                let slices =
                    slicing.slices.iter().map(|slice| format!("{location}: Does not match slice '{}'", slice.name));
                let slices: Vec<String> = slices.collect();
                let text = format!(
                    "This element does not match any known slice  defined in the profile {profile} and slicing is CLOSED: {}",
                    slices.join(", ")
                );
                self.error("slice-closed", place, item.anchor(), text);
            }
            SlicingRules::Open | SlicingRules::OpenAtEnd => {
                let text = format!("This element does not match any known slice defined in the profile {profile}");
                self.information("slice", place, item.anchor(), text);
            }
        }
    }

    fn belongs(
        &self,
        scope: &Scope<'w>,
        criteria: &'w [Criterion],
        value: Option<Value<'w>>,
        type_code: Option<&'w str>,
    ) -> bool {
        !criteria.is_empty() && criteria.iter().all(|criterion| self.holds(scope, criterion, value, type_code))
    }

    fn holds(
        &self,
        scope: &Scope<'w>,
        criterion: &'w Criterion,
        value: Option<Value<'w>>,
        type_code: Option<&'w str>,
    ) -> bool {
        // An element with extensions in place of its value is there, and has the type that its name tells.
        if value.is_none() && criterion.path.is_empty() {
            return match &criterion.test {
                Test::Type(codes) => {
                    type_code.is_some_and(|found| codes.iter().any(|code| code.eq_ignore_ascii_case(found)))
                }
                Test::Exists(expected) => *expected,
                _ => false,
            };
        }
        let mut found = Found::new();
        found.extend(value.map(|value| (value, type_code)));
        for step in &criterion.path {
            let mut next = Found::new();
            for (value, type_code) in found {
                match step {
                    PathStep::Resolve => next.extend(self.resolved(scope, value)),
                    PathStep::OfType(code) => {
                        let is_of_type = type_code.is_none_or(|found| found.eq_ignore_ascii_case(code));
                        next.extend(is_of_type.then_some((value, Some(&**code))));
                    }
                    step => follow(value, step, &mut next),
                }
            }
            found = next;
        }
        match &criterion.test {
            Test::Fixed(literal) => found.iter().any(|(value, _)| equals(*value, literal)),
            Test::Pattern(literal) => found.iter().any(|(value, _)| contains(*value, literal)),
            Test::Exists(expected) => found.is_empty() != *expected,
            Test::Type(codes) => found.iter().any(|(value, type_code)| match type_code {
                Some(type_code) if !is_any_resource(type_code) => {
                    codes.iter().any(|code| code.eq_ignore_ascii_case(type_code))
                }
                _ => {
                    let resource = value.get("resourceType").and_then(Value::as_str);
                    codes.iter().any(|code| resource == Some(code))
                }
            }),
            Test::Profile(profiles) => found.iter().any(|(value, type_code)| {
                profiles.iter().any(|profile| self.is_of_profile(scope, *value, *type_code, profile))
            }),
            Test::InValueSet(url) => {
                found.iter().any(|(value, _)| self.definitions.value_set(url).is_some_and(|list| is_in(list, *value)))
            }
        }
    }

    /// What a reference leads to: a contained resource; else the reference itself, of the type that its address tells.
    fn resolved(&self, scope: &Scope<'w>, reference: Value<'w>) -> Option<(Value<'w>, Option<&'w str>)> {
        let address = reference.as_str().or_else(|| reference.get("reference")?.as_str())?;
        if let Some(id) = address.strip_prefix('#') {
            return self.shared.contained(scope.root_resource, id).map(|target| (target, None));
        }
        Some((reference, Some(&type_in(self.definitions, address)?.type_name)))
    }

    /// Whether a value conforms to a profile: an extension by its url, what is not at hand by its type.
    fn is_of_profile(&self, scope: &Scope<'w>, value: Value<'w>, type_code: Option<&'w str>, profile: &'w str) -> bool {
        if value.get("url").and_then(Value::as_str) == Some(profile) {
            return true;
        }
        let Some(structure) = self.definitions.profile(profile) else {
            let named = value.at(&["meta", "profile"]).into_iter().flat_map(Value::each);
            return named.filter_map(Value::as_str).any(|url| url == profile);
        };
        match (&*structure.type_name, structure.kind) {
            ("Extension", _) => false,
            (name, StructureKind::Resource) if value.get("resourceType").is_none() => type_code == Some(name),
            _ => self.conforms(scope, value, structure),
        }
    }
}

/// The slicing of a slice.
fn again(slice: &Slice) -> Option<&Slicing> {
    slice.element.slicing.as_ref().filter(|slicing| !slicing.slices.is_empty())
}

fn is_any_resource(type_code: &str) -> bool {
    matches!(type_code, "Resource" | "DomainResource")
}

/// The values one step further on, where that is a member.
fn follow<'w>(value: Value<'w>, step: &PathStep, next: &mut Found<'w>) {
    match step {
        PathStep::Member(name) => {
            for (key, member) in value.members() {
                let type_code = match key.strip_prefix(&**name) {
                    Some("") => None,
                    Some(suffix) if suffix.starts_with(|first: char| first.is_ascii_uppercase()) => Some(suffix),
                    _ => continue,
                };
                next.extend(member.each().map(|member| (member, type_code)));
            }
        }
        PathStep::Extension(url) => {
            let extensions = value.get("extension").into_iter().flat_map(Value::items);
            let of_url = extensions.filter(|extension| extension.get("url").and_then(Value::as_str) == Some(url));
            next.extend(of_url.map(|extension| (extension, None)));
        }
        PathStep::Resolve | PathStep::OfType(_) => {}
    }
}

/// Whether a code, Coding or CodeableConcept is in a value set.
pub(super) fn is_in(list: &CodeList, value: Value<'_>) -> bool {
    match value.kind() {
        Kind::String => {
            let code = value.as_str().unwrap_or_default();
            list.systems.iter().any(|systems| systems.has(code))
        }
        Kind::Object => match value.get("coding") {
            Some(codings) => codings.items().any(|coding| is_in(list, coding)),
            None => {
                let code = value.get("code").and_then(Value::as_str).unwrap_or_default();
                let system = value.get("system").and_then(Value::as_str);
                list.systems.iter().any(|systems| Some(&*systems.system) == system && systems.has(code))
            }
        },
        _ => false,
    }
}

/// The structure that counts at a place, for texts.
impl<'w> Walk<'w> {
    pub(super) fn owner_url(&self, place: &Place<'_>) -> String {
        place.owner().map_or_else(String::new, |owner| owner.url.to_string())
    }
}

impl crate::fhir::definitions::SystemCodes {
    /// Whether a code belongs, as far as it is known.
    pub(crate) fn has(&self, code: &str) -> bool {
        self.concept(code).is_some()
            || self.ignores_case() && self.concepts.iter().any(|concept| concept.code.eq_ignore_ascii_case(code))
            || self.is_whole && self.excluded.binary_search_by(|excluded| (**excluded).cmp(code)).is_err()
    }

    /// Whether `h` is as good as `H`: so say the code systems of HL7 v2's tables in STU3 (R4 has others in their place).
    fn ignores_case(&self) -> bool {
        self.system.starts_with("http://hl7.org/fhir/v2/")
    }

    /// The concept of a code.
    pub(crate) fn concept(&self, code: &str) -> Option<&crate::fhir::definitions::Concept> {
        let index = self.concepts.binary_search_by(|concept| (*concept.code).cmp(code)).ok()?;
        self.concepts.get(index)
    }
}
