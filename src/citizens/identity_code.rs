//! The Finnish personal identity code (henkilötunnus): `DDMMYY`, a century sign, a three-digit individual number and
//! a check character. Form and century signs as the Digital and Population Data Services Agency publishes them
//! (the signs after `+`, `-` and `A` came into use in 2023).
//!
//! Only individual numbers 900–999 get in: they are set aside for temporary use and never given to a person.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use std::str::FromStr;

const CHECK_CHARACTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
const LENGTH: usize = 11;

/// A valid code of the 900 series. `Display` shows it whole, `Debug` masked, so that it does not slip into a log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonalIdentityCode([u8; LENGTH]);

/// Why a text is not an acceptable code. The messages never repeat the text, which may be a real person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonalIdentityCodeError {
    /// Not of the form at all.
    #[error(
        "a personal identity code is written DDMMYY, a century sign (+ - Y X W V U A B C D E F), three digits and a check character"
    )]
    Malformed,
    /// The individual number is below 900. Nothing else about the code is checked or said.
    #[error(
        "this sandbox never accepts codes that could belong to a real person: use one whose individual number is 900–999"
    )]
    NotSynthetic,
    /// The day, month and century make no calendar date.
    #[error("the personal identity code begins with a date that does not exist")]
    NoSuchDate,
    /// The last character is wrong. Only ever said of codes in the 900 series.
    #[error("the check character of the personal identity code is wrong: it should be {expected}")]
    WrongCheckCharacter {
        /// The right one.
        expected: char,
    },
}

/// What the parity of the individual number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Even.
    Female,
    /// Odd.
    Male,
}

impl PersonalIdentityCode {
    /// Reads a code as people type it: white space around it and lower-case letters are taken as meant.
    pub fn parse(text: &str) -> Result<PersonalIdentityCode, PersonalIdentityCodeError> {
        use PersonalIdentityCodeError::{Malformed, NoSuchDate, NotSynthetic, WrongCheckCharacter};
        let mut bytes: [u8; LENGTH] = text.trim().as_bytes().try_into().map_err(|_| Malformed)?;
        bytes.make_ascii_uppercase();
        let digits_in_place = bytes[..6].iter().chain(&bytes[7..10]).all(u8::is_ascii_digit);
        if !digits_in_place || !CHECK_CHARACTERS.contains(&bytes[10]) {
            return Err(Malformed);
        }
        century(bytes[6]).ok_or(Malformed)?;
        if bytes[7] != b'9' {
            return Err(NotSynthetic);
        }
        date_of(&bytes).ok_or(NoSuchDate)?;
        let expected = check_character(&bytes);
        if bytes[10] != expected {
            return Err(WrongCheckCharacter { expected: char::from(expected) });
        }
        Ok(PersonalIdentityCode(bytes))
    }

    /// How many different codes of the 900 series a date of birth has: 100 for each century sign.
    pub fn how_many(birth_date: Date) -> u32 {
        100 * century_signs(birth_date).len() as u32
    }

    /// The `nth` code of a date of birth, from 0; none when there are not so many or the year is outside 1800–2099.
    /// Even numbers are women's codes, odd ones men's. The first hundred have the oldest century sign.
    pub fn for_birth_date(birth_date: Date, nth: u32) -> Option<PersonalIdentityCode> {
        let sign = *century_signs(birth_date).get(nth as usize / 100)?;
        let [day, month] = [birth_date.day() as u8, birth_date.month() as u8];
        let year = birth_date.year().rem_euclid(100) as u8;
        let number = (nth % 100) as u8;
        let digit = |value: u8| b'0' + value % 10;
        let tens = |value: u8| b'0' + value / 10;
        let mut bytes = [
            tens(day),
            digit(day),
            tens(month),
            digit(month),
            tens(year),
            digit(year),
            sign,
            b'9',
            tens(number),
            digit(number),
            0,
        ];
        bytes[10] = check_character(&bytes);
        Some(PersonalIdentityCode(bytes))
    }

    /// The code whole. For messages and logs use [`masked`](Self::masked).
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in (see `parse` and `for_birth_date`).
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The date of birth.
    pub fn birth_date(&self) -> Date {
        // `parse` and `for_birth_date` let only real dates in.
        date_of(&self.0).unwrap_or(Date::ZERO)
    }

    /// The individual number, 900–999.
    pub fn individual_number(&self) -> u16 {
        900 + u16::from(two_digits(&self.0[8..10]))
    }

    /// The sex that the individual number's parity stands for.
    pub fn sex(&self) -> Sex {
        if self.individual_number().is_multiple_of(2) { Sex::Female } else { Sex::Male }
    }

    /// The code with all but the date of birth hidden: `150685-****`.
    pub fn masked(&self) -> String {
        format!("{}****", &self.as_str()[..7])
    }
}

fn century(sign: u8) -> Option<i16> {
    match sign {
        b'+' => Some(1800),
        b'-' | b'U'..=b'Y' => Some(1900),
        b'A'..=b'F' => Some(2000),
        _ => None,
    }
}

fn century_signs(birth_date: Date) -> &'static [u8] {
    match birth_date.year() {
        1800..=1899 => b"+",
        1900..=1999 => b"-YXWVU",
        2000..=2099 => b"ABCDEF",
        _ => b"",
    }
}

fn two_digits(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |value, digit| value * 10 + (digit - b'0'))
}

/// The date in a code whose digits and century sign are in place.
fn date_of(bytes: &[u8; LENGTH]) -> Option<Date> {
    let part = |from: usize| two_digits(&bytes[from..from + 2]) as i8;
    Date::new(century(bytes[6])? + i16::from(part(4)), part(2), part(0)).ok()
}

/// The nine digits read as one number, modulo 31.
fn check_character(bytes: &[u8; LENGTH]) -> u8 {
    let digits = bytes[..6].iter().chain(&bytes[7..10]);
    let number = digits.fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
    CHECK_CHARACTERS[(number % 31) as usize]
}

impl fmt::Display for PersonalIdentityCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for PersonalIdentityCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

impl FromStr for PersonalIdentityCode {
    type Err = PersonalIdentityCodeError;

    fn from_str(text: &str) -> Result<PersonalIdentityCode, PersonalIdentityCodeError> {
        PersonalIdentityCode::parse(text)
    }
}

impl Serialize for PersonalIdentityCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for PersonalIdentityCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PersonalIdentityCode, D::Error> {
        PersonalIdentityCode::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::PersonalIdentityCodeError::*;
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn table() {
        // The check character of 010190 + 900 is CHECK_CHARACTERS[10190900 % 31]: remainder 22, the letter P.
        assert_eq!(10_190_900 % 31, 22);
        let cases: &[(&str, Result<Date, PersonalIdentityCodeError>)] = &[
            ("010190-900P", Ok(date(1990, 1, 1))),
            (" 010190-900p\t", Ok(date(1990, 1, 1))),
            ("010190Y900P", Ok(date(1990, 1, 1))),
            ("010190X900P", Ok(date(1990, 1, 1))),
            ("010190W900P", Ok(date(1990, 1, 1))),
            ("010190V900P", Ok(date(1990, 1, 1))),
            ("010190u900p", Ok(date(1990, 1, 1))),
            ("010190+900P", Ok(date(1890, 1, 1))),
            ("010190A900P", Ok(date(2090, 1, 1))),
            ("010190B900P", Ok(date(2090, 1, 1))),
            ("010190f900P", Ok(date(2090, 1, 1))),
            ("210281-9988", Ok(date(1981, 2, 21))),
            ("", Err(Malformed)),
            ("010190-900", Err(Malformed)),
            ("010190-900PV", Err(Malformed)),
            ("010190 -900P", Err(Malformed)),
            ("010190G900P", Err(Malformed)),
            ("010190Z900P", Err(Malformed)),
            ("01019O-900P", Err(Malformed)),
            ("010190-900G", Err(Malformed)),
            ("010190\u{2013}900P", Err(Malformed)),
            ("01019ä-900", Err(Malformed)),
            ("320190-900P", Err(NoSuchDate)),
            ("290290-900P", Err(NoSuchDate)),
            ("290200+900P", Err(NoSuchDate)),
            ("000190-900P", Err(NoSuchDate)),
            ("011390-900P", Err(NoSuchDate)),
            ("010190-900A", Err(WrongCheckCharacter { expected: 'P' })),
            // Below 900 nothing is said about date or check character, right or wrong.
            ("010190-899A", Err(NotSynthetic)),
            ("010190-002A", Err(NotSynthetic)),
            ("320190-123A", Err(NotSynthetic)),
        ];
        for (text, expected) in cases {
            assert_eq!(PersonalIdentityCode::parse(text).map(|code| code.birth_date()), *expected, "{text:?}");
        }
    }

    #[test]
    fn logs_show_no_more_than_the_date() {
        let code = PersonalIdentityCode::parse("010190-900P").unwrap();
        assert_eq!(code.to_string(), "010190-900P");
        assert_eq!(format!("{code:?}"), "010190-****");
        assert_eq!(code.masked(), "010190-****");
        assert_eq!((code.individual_number(), code.sex()), (900, Sex::Female));
    }

    #[test]
    fn a_date_has_as_many_codes_as_its_century_has_signs() {
        for (birth_date, how_many) in [(date(1899, 12, 31), 100), (date(1900, 1, 1), 600), (date(2016, 2, 29), 600)] {
            assert_eq!(PersonalIdentityCode::how_many(birth_date), how_many);
            let codes: std::collections::BTreeSet<_> =
                (0..how_many).map(|nth| PersonalIdentityCode::for_birth_date(birth_date, nth).unwrap()).collect();
            assert_eq!(codes.len() as u32, how_many);
            assert_eq!(PersonalIdentityCode::for_birth_date(birth_date, how_many), None);
        }
        assert_eq!(PersonalIdentityCode::for_birth_date(date(1799, 12, 31), 0), None);
        assert_eq!(PersonalIdentityCode::for_birth_date(date(2100, 1, 1), 0), None);
    }

    proptest! {
        #[test]
        fn what_is_made_is_read_back(days in 0_i32..109_572, nth in 0_u32..100) {
            let birth_date = date(1800, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let code = PersonalIdentityCode::for_birth_date(birth_date, nth).unwrap();
            prop_assert_eq!(PersonalIdentityCode::parse(code.as_str()), Ok(code));
            prop_assert_eq!(PersonalIdentityCode::parse(&code.as_str().to_lowercase()), Ok(code));
            prop_assert_eq!(code.birth_date(), birth_date);
            prop_assert_eq!(u32::from(code.individual_number()), 900 + nth);
        }

        #[test]
        fn one_wrong_digit_is_noticed(nth in 0_u32..100, place in 0_usize..10, digit in 0_u8..10) {
            let code = PersonalIdentityCode::for_birth_date(date(1985, 6, 15), nth).unwrap();
            let mut text = code.as_str().as_bytes().to_vec();
            prop_assume!(place != 6 && text[place] != b'0' + digit);
            text[place] = b'0' + digit;
            prop_assert!(PersonalIdentityCode::parse(std::str::from_utf8(&text).unwrap()).is_err());
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,14}") {
            if let Ok(code) = PersonalIdentityCode::parse(&text) {
                prop_assert!(code.individual_number() >= 900);
            }
        }
    }
}
