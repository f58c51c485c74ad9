//! The national profiles to choose from: those of the default, and the overlays on them that a setting asks for.

use std::sync::OnceLock;

use super::{Definitions, Invariant, Packed, Table, Version, inflate};

/// Which of the national profiles in the binary to judge by. The default is what the real service is thought to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// STU3: the first, strict rules rather than the later ones (`stu3.rules = 2017`; `profiles/stu3-2017`).
    pub stu3_2017: bool,
    /// R4: profiles outside the published set as well (`profiles.extras`; `profiles/r4-extras`).
    pub r4_extras: bool,
}

static STU3_2017: OnceLock<Definitions> = OnceLock::new();
static R4_EXTRAS: OnceLock<Definitions> = OnceLock::new();

impl Definitions {
    /// The definitions in the binary that were asked for; put together when they first are.
    pub fn selected(version: Version, selection: Selection) -> &'static Definitions {
        let overlaid = |deflated: &[u8]| Definitions::embedded(version).overlaid(inflate(deflated));
        match version {
            Version::Stu3 if selection.stu3_2017 => STU3_2017
                .get_or_init(|| overlaid(include_bytes!(concat!(env!("OUT_DIR"), "/definitions-stu3-2017.bin")))),
            Version::R4 if selection.r4_extras => R4_EXTRAS
                .get_or_init(|| overlaid(include_bytes!(concat!(env!("OUT_DIR"), "/definitions-r4-extras.bin")))),
            _ => Definitions::embedded(version),
        }
    }

    /// The same definitions under a table that build.rs compiled on top of them; where URLs are the same, the table's stand.
    fn overlaid(&self, bytes: &'static [u8]) -> Definitions {
        let table: Table<'static> = postcard::from_bytes(bytes).expect("what build.rs packed can be unpacked");
        let mut overlaid = self.clone();
        overlaid.systems.extend(table.systems.iter().map(|system| (*system).into()));
        for (url, bytes) in table.structures {
            overlaid.numbers.insert(url.into(), overlaid.structures.len() as u32);
            overlaid.structures.push(Packed::new(bytes));
        }
        // Other spellings lead to what stands for their profile now.
        for (alias, url) in &self.aliases {
            if let Some(&number) = overlaid.numbers.get(url) {
                overlaid.numbers.insert(alias.clone(), number);
            }
        }
        overlaid.expressions.extend(table.expressions.into_iter().map(Invariant::new));
        overlaid.value_sets.extend(table.value_sets.into_iter().map(|(url, bytes)| (url.into(), Packed::new(bytes))));
        overlaid
            .code_systems
            .extend(table.code_systems.into_iter().map(|(url, bytes)| (url.into(), Packed::new(bytes))));
        for (alias, url) in table.aliases {
            overlaid.add_alias(alias, url);
        }
        overlaid
    }
}
