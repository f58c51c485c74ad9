//! Making people: ordinary names, a spread of ages and languages, a valid code each.

use super::chance::Chance;
use super::{Citizen, Language, PersonalIdentityCode, Sex};
use jiff::Span;
use jiff::civil::{Date, date};
use std::collections::HashSet;

/// An endless row of people, the same for the same seed. Every code and id is different; about one in twelve speaks
/// Swedish and one in twelve English. They are 16–99 years old at the end of 2026.
#[derive(Debug)]
pub struct People {
    seed: u64,
    made: u64,
    codes: HashSet<PersonalIdentityCode>,
}

const EARLIEST_BIRTH: Date = date(1927, 1, 1);
const DAYS_OF_BIRTH: usize = 30_000; // to 2009-02-18

const WOMEN: [[&str; 10]; 3] = [
    ["Aada", "Eeva", "Helmi", "Inka", "Kaisa", "Marjatta", "Oona", "Riikka", "Siiri", "Venla"],
    ["Agneta", "Ebba", "Felicia", "Gunilla", "Ida", "Lovisa", "Maj-Britt", "Rebecka", "Tuva", "Ylva"],
    ["Abigail", "Beatrice", "Clara", "Eleanor", "Harriet", "Imogen", "Lucy", "Martha", "Rosalind", "Violet"],
];
const MEN: [[&str; 10]; 3] = [
    ["Antero", "Eetu", "Heikki", "Ilmari", "Jukka", "Lauri", "Niilo", "Onni", "Sakari", "Veikko"],
    ["Anders", "Birger", "Emil", "Göran", "Håkan", "Jan-Erik", "Ludvig", "Mikael", "Ragnar", "Sixten"],
    ["Albert", "Barnaby", "Clement", "Edwin", "Gilbert", "Hugh", "Leonard", "Nathan", "Rupert", "Walter"],
];
/// Beginnings and endings of family names, put together so that no list of real people is copied.
const FAMILY_NAMES: [([&str; 8], [&str; 8]); 3] = [
    (
        ["Haapa", "Kallio", "Koivu", "Lehto", "Pelto", "Salmi", "Tammi", "Vuori"],
        ["harju", "kari", "kumpu", "lampi", "niitty", "polku", "ranta", "vainio"],
    ),
    (
        ["Alm", "Björk", "Dal", "Ek", "Gran", "Hassel", "Ljung", "Sjö"],
        ["backa", "dahl", "fors", "holm", "kulla", "näs", "udd", "vik"],
    ),
    (
        ["Ash", "Birch", "Elm", "Fern", "Hazel", "Moor", "Stone", "Thorn"],
        ["bourne", "combe", "field", "hurst", "ley", "mead", "wick", "worth"],
    ),
];

impl People {
    /// The people of a seed.
    pub fn new(seed: u64) -> People {
        People { seed, made: 0, codes: HashSet::new() }
    }
}

impl Iterator for People {
    type Item = Citizen;

    fn next(&mut self) -> Option<Citizen> {
        self.made += 1;
        let mut chance = Chance::of(&[self.seed, self.made]);
        // 30 000 days with at least 100 codes each: a free one is found at once until millions are made.
        let code = loop {
            let birth_date = EARLIEST_BIRTH.checked_add(Span::new().days(chance.below(DAYS_OF_BIRTH) as i64)).ok()?;
            let nth = chance.below(PersonalIdentityCode::how_many(birth_date) as usize) as u32;
            let code = PersonalIdentityCode::for_birth_date(birth_date, nth)?;
            if self.codes.insert(code) {
                break code;
            }
        };
        let language = match chance.below(12) {
            0 => 1,
            1 => 2,
            _ => 0,
        };
        let given = if code.sex() == Sex::Female { &WOMEN[language] } else { &MEN[language] };
        let first = chance.pick(given);
        let second = chance.pick(given);
        let (beginnings, endings) = &FAMILY_NAMES[language];
        let mut citizen = Citizen::new(format!("person-{}", self.made), code);
        citizen.given_names = if first == second { first.to_owned() } else { format!("{first} {second}") };
        citizen.family_name = format!("{}{}", chance.pick(beginnings), chance.pick(endings));
        citizen.language = Language::ALL[language];
        citizen.describe([
            "A made-up person without records.",
            "Keksitty henkilö, jolla ei ole tietoja.",
            "En påhittad person utan uppgifter.",
        ]);
        Some(citizen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::citizens::is_slug;

    #[test]
    fn people_are_repeatable_different_and_of_age() {
        let people: Vec<Citizen> = People::new(1).take(2000).collect();
        assert_eq!(people, People::new(1).take(2000).collect::<Vec<_>>());
        assert_ne!(people[0].personal_identity_code, People::new(2).next().unwrap().personal_identity_code);
        let codes: HashSet<_> = people.iter().map(|person| person.personal_identity_code).collect();
        assert_eq!(codes.len(), 2000);
        for person in &people {
            assert!(is_slug(&person.id));
            assert!((16..100).contains(&person.age_on(date(2026, 12, 31))), "{person:?}");
            assert_eq!(person.birth_date, person.personal_identity_code.birth_date());
        }
        for language in Language::ALL {
            assert!(people.iter().filter(|person| person.language == language).count() > 100);
        }
    }
}
