//! Whether a text is a unit code of UCUM, case-sensitive: `mmol/L`, `mm[Hg]`, `10*9/L`, `{beats}/min`.
//!
//! The units are those of the table that HAPI's engine reads ("UCUM essence"), with the prefixes on metric units alone, and
//! the grammar is the one it reads them by. That is wider than UCUM's own here and there (`m//s` passes, as does what stands
//! behind a closing parenthesis that was never opened) and narrower elsewhere (`2m` has no point between number and unit).
//! One pass over the text: a code costs no more than its length.

/// A longer code is no unit. The engine's reader, which calls itself for every factor, breaks off at some thousands.
const LONGEST: usize = 4096;

/// The prefixes that metric units take.
const PREFIXES: [&str; 24] = [
    "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "n", "p", "f", "a", "z", "y", "Ki", "Mi",
    "Gi", "Ti",
];

/// Units that take a prefix, in the order of their letters.
const METRIC: [&str; 96] = [
    "A", "B", "B[10.nV]", "B[SPL]", "B[V]", "B[W]", "B[kW]", "B[mV]", "B[uV]", "Bd", "Bi", "Bq", "By", "C", "Cel",
    "Ci", "F", "G", "Gal", "Gb", "Gy", "H", "Hz", "J", "K", "Ky", "L", "Lmb", "Mx", "N", "Np", "Oe", "Ohm", "P", "Pa",
    "R", "RAD", "REM", "S", "St", "Sv", "T", "U", "V", "W", "Wb", "[G]", "[IU]", "[c]", "[e]", "[eps_0]", "[g]", "[h]",
    "[iU]", "[k]", "[ly]", "[m_e]", "[m_p]", "[mu_0]", "ar", "bar", "bit", "cal", "cal_IT", "cal_[15]", "cal_[20]",
    "cal_m", "cal_th", "cd", "dyn", "eV", "eq", "erg", "g", "g%", "gf", "kat", "l", "lm", "lx", "m", "m[H2O]", "m[Hg]",
    "mho", "mol", "osm", "pc", "ph", "rad", "s", "sb", "sr", "st", "t", "tex", "u",
];

/// Units that take none, in the order of their letters.
const PLAIN: [&str; 211] = [
    "%",
    "%[slope]",
    "'",
    "''",
    "10*",
    "10^",
    "AU",
    "Ao",
    "[APL'U]",
    "[AU]",
    "[Amb'a'1'U]",
    "[BAU]",
    "[Btu]",
    "[Btu_39]",
    "[Btu_59]",
    "[Btu_60]",
    "[Btu_IT]",
    "[Btu_m]",
    "[Btu_th]",
    "[CCID_50]",
    "[CFU]",
    "[Cal]",
    "[Ch]",
    "[D'ag'U]",
    "[EID_50]",
    "[ELU]",
    "[EU]",
    "[FEU]",
    "[FFU]",
    "[GPL'U]",
    "[HPF]",
    "[HP]",
    "[LPF]",
    "[Lf]",
    "[MET]",
    "[MPL'U]",
    "[PFU]",
    "[PNU]",
    "[PRU]",
    "[S]",
    "[TCID_50]",
    "[USP'U]",
    "[acr_br]",
    "[acr_us]",
    "[anti'Xa'U]",
    "[arb'U]",
    "[bbl_us]",
    "[bdsk'U]",
    "[beth'U]",
    "[bf_i]",
    "[bu_br]",
    "[bu_us]",
    "[car_Au]",
    "[car_m]",
    "[cft_i]",
    "[ch_br]",
    "[ch_us]",
    "[cicero]",
    "[cin_i]",
    "[cml_i]",
    "[cr_i]",
    "[crd_us]",
    "[cup_m]",
    "[cup_us]",
    "[cyd_i]",
    "[degF]",
    "[degR]",
    "[den]",
    "[didot]",
    "[diop]",
    "[dpt_us]",
    "[dqt_us]",
    "[dr_ap]",
    "[dr_av]",
    "[drp]",
    "[dye'U]",
    "[fdr_br]",
    "[fdr_us]",
    "[foz_br]",
    "[foz_m]",
    "[foz_us]",
    "[ft_br]",
    "[ft_i]",
    "[ft_us]",
    "[fth_br]",
    "[fth_i]",
    "[fth_us]",
    "[fur_us]",
    "[gal_br]",
    "[gal_us]",
    "[gal_wi]",
    "[gil_br]",
    "[gil_us]",
    "[gr]",
    "[hd_i]",
    "[hnsf'U]",
    "[hp'_C]",
    "[hp'_M]",
    "[hp'_Q]",
    "[hp'_X]",
    "[hp_C]",
    "[hp_M]",
    "[hp_Q]",
    "[hp_X]",
    "[in_br]",
    "[in_i'H2O]",
    "[in_i'Hg]",
    "[in_i]",
    "[in_us]",
    "[ka'U]",
    "[kn_br]",
    "[kn_i]",
    "[knk'U]",
    "[kp_C]",
    "[kp_M]",
    "[kp_Q]",
    "[kp_X]",
    "[lb_ap]",
    "[lb_av]",
    "[lb_tr]",
    "[lbf_av]",
    "[lcwt_av]",
    "[ligne]",
    "[lk_br]",
    "[lk_us]",
    "[lne]",
    "[lton_av]",
    "[mclg'U]",
    "[mesh_i]",
    "[mi_br]",
    "[mi_i]",
    "[mi_us]",
    "[mil_i]",
    "[mil_us]",
    "[min_br]",
    "[min_us]",
    "[nmi_br]",
    "[nmi_i]",
    "[oz_ap]",
    "[oz_av]",
    "[oz_m]",
    "[oz_tr]",
    "[p'diop]",
    "[pH]",
    "[pc_br]",
    "[pca]",
    "[pca_pr]",
    "[pi]",
    "[pied]",
    "[pk_br]",
    "[pk_us]",
    "[pnt]",
    "[pnt_pr]",
    "[pouce]",
    "[ppb]",
    "[ppm]",
    "[ppth]",
    "[pptr]",
    "[psi]",
    "[pt_br]",
    "[pt_us]",
    "[pwt_tr]",
    "[qt_br]",
    "[qt_us]",
    "[rch_us]",
    "[rd_br]",
    "[rd_us]",
    "[rlk_us]",
    "[sc_ap]",
    "[sct]",
    "[scwt_av]",
    "[sft_i]",
    "[sin_i]",
    "[smgy'U]",
    "[smi_us]",
    "[smoot]",
    "[srd_us]",
    "[ston_av]",
    "[stone_av]",
    "[syd_i]",
    "[tb'U]",
    "[tbs_m]",
    "[tbs_us]",
    "[todd'U]",
    "[tsp_m]",
    "[tsp_us]",
    "[twp]",
    "[wood'U]",
    "[yd_br]",
    "[yd_i]",
    "[yd_us]",
    "a",
    "a_g",
    "a_j",
    "a_t",
    "atm",
    "att",
    "b",
    "bit_s",
    "circ",
    "d",
    "deg",
    "gon",
    "h",
    "min",
    "mo",
    "mo_g",
    "mo_j",
    "mo_s",
    "sph",
    "wk",
];

/// Letters that the longest unit of the tables has, with the longest prefix.
const LONGEST_SYMBOL: usize = 16;

/// A piece of a code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'c> {
    End,
    Divide,
    Multiply,
    Open,
    Close,
    Annotation,
    Number,
    Symbol(&'c str),
}

/// Whether `code` can be read as a unit.
pub(super) fn is_unit(code: &str) -> bool {
    !code.is_empty() && code.len() <= LONGEST && read(code).is_some()
}

/// Reads a whole code: `None` when that is not possible.
fn read(code: &str) -> Option<()> {
    let mut rest = code;
    let mut open = 0_usize;
    let mut token = next(&mut rest)?;
    loop {
        // A factor, after any number of opening parentheses and strokes.
        match token {
            Token::Divide => {
                token = next(&mut rest)?;
                continue;
            }
            Token::Open => {
                open += 1;
                token = next(&mut rest)?;
                continue;
            }
            Token::Annotation | Token::Number => token = next(&mut rest)?,
            Token::Symbol(symbol) => {
                if !is_symbol(symbol) {
                    return None;
                }
                token = next(&mut rest)?;
                if token == Token::Number {
                    token = next(&mut rest)?;
                }
            }
            Token::End | Token::Multiply | Token::Close => return None,
        }
        while token == Token::Close {
            // The engine reads no further than a parenthesis that closes nothing.
            let Some(still_open) = open.checked_sub(1) else { return rest.is_empty().then_some(()) };
            open = still_open;
            token = next(&mut rest)?;
        }
        match token {
            Token::End => return (open == 0).then_some(()),
            Token::Divide | Token::Multiply => token = next(&mut rest)?,
            Token::Annotation => {}
            _ => return None,
        }
    }
}

/// Takes the next piece off a code; `None` when there is none to be read.
fn next<'c>(rest: &mut &'c str) -> Option<Token<'c>> {
    let text = *rest;
    let Some(first) = text.bytes().next() else { return Some(Token::End) };
    let single = match first {
        b'/' => Some(Token::Divide),
        b'.' => Some(Token::Multiply),
        b'(' => Some(Token::Open),
        b')' => Some(Token::Close),
        _ => None,
    };
    let (token, length) = match first {
        _ if single.is_some() => (single?, 1),
        b'{' => {
            let end = text.find('}')?;
            text[..end].is_ascii().then_some((Token::Annotation, end + 1))?
        }
        b'+' | b'-' => {
            let digits = text[1..].bytes().take_while(u8::is_ascii_digit).count();
            text[..1 + digits].parse::<i32>().ok()?;
            (Token::Number, 1 + digits)
        }
        _ => word(text)?,
    };
    *rest = &text[length..];
    Some(token)
}

/// A number, or the letters of a unit: digits belong to them only at the start and in brackets.
fn word(text: &str) -> Option<(Token<'_>, usize)> {
    let (mut is_symbol, mut in_brackets) = (false, false);
    let mut length = 0;
    for byte in text.bytes() {
        match byte {
            // No bracket within brackets, and none that closes what is not open.
            b'[' | b']' if in_brackets == (byte == b'[') => return None,
            b'[' | b']' => in_brackets = byte == b'[',
            b'0'..=b'9' if !is_symbol || in_brackets => {}
            b'a'..=b'z' | b'A'..=b'Z' | b'%' | b'*' | b'^' | b'\'' | b'"' | b'_' => {}
            b'.' if in_brackets => {}
            _ => break,
        }
        is_symbol |= !byte.is_ascii_digit();
        length += 1;
    }
    let word = &text[..length];
    let token = match is_symbol {
        true => Token::Symbol(word),
        false => {
            word.parse::<i32>().ok()?;
            Token::Number
        }
    };
    Some((token, length))
}

/// Whether letters are a unit, or a prefix and a metric one.
fn is_symbol(symbol: &str) -> bool {
    let has = |units: &[&str], unit: &str| units.binary_search(&unit).is_ok();
    symbol.len() <= LONGEST_SYMBOL
        && (has(&METRIC, symbol)
            || has(&PLAIN, symbol)
            || PREFIXES.iter().any(|prefix| symbol.strip_prefix(prefix).is_some_and(|unit| has(&METRIC, unit))))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_SYMBOL, METRIC, PLAIN, is_unit};

    #[test]
    fn units_that_are() {
        for unit in [
            "kg",
            "g",
            "mmol/L",
            "mg/dL",
            "mm[Hg]",
            "Cel",
            "/min",
            "{beats}/min",
            "10*9/L",
            "10*3/uL",
            "1",
            "min",
            "kcal",
            "mL/kg/min",
            "[MET]",
            "[iU]",
            "[IU]",
            "[iU]/h",
            "U",
            "m[IU]/L",
            "%",
            "L/min",
            "cm",
            "m",
            "km/h",
            "kg/m2",
            "m/s2",
            "mol.kg-1.s-1",
            "a",
            "[lb_av]",
            "[in_i]",
            "[degF]",
            "{steps}",
            "10*-3",
            "ug",
            "ng/mL",
            "mmol/mol",
            "(kg.m)/s2",
            "cal_[15]",
            "B[SPL]",
            "h",
            "wk",
            "mo",
            "deg",
            "mU/L",
            "osm/kg",
            "meq/L",
            "kPa",
            "dB",
            "ml",
            "[hnsf'U]",
            "%[slope]",
            "{a}",
        ] {
            assert!(is_unit(unit), "{unit}");
        }
    }

    #[test]
    fn tables_are_in_order() {
        assert!(METRIC.is_sorted() && PLAIN.is_sorted());
        assert!(METRIC.iter().chain(&PLAIN).all(|unit| unit.len() + 2 <= LONGEST_SYMBOL));
    }

    /// As HAPI's reader has it, where that is not UCUM's grammar.
    #[test]
    fn units_of_the_engine() {
        for unit in ["m//s", "//m", "{a}{b}", "{}", "{a{b}", "kg)", "+2", "m.(/s)", "B[10.nV]"] {
            assert!(is_unit(unit), "{unit}");
        }
        for unit in ["{a}kg", "kg{a}m", "(m)2", "2m", "()", "/", "99999999999", "m99999999999", "{\u{b5}}", "m..s"] {
            assert!(!is_unit(unit), "{unit}");
        }
    }

    #[test]
    fn units_that_nobody_defined() {
        for unit in ["[iZU]", "[lb]", "[iu]", "mm[Xg]", "mm[HgX]", "k[lb_av]", "[<iU]", "dakk", "m[Hg", "Hg]", "[[pi]]"]
        {
            assert!(!is_unit(unit), "{unit}");
        }
    }

    #[test]
    fn long_codes_are_read_in_one_pass() {
        assert!(is_unit(&vec!["m2"; 1300].join(".")));
        for piece in ["{a}", "/", "(", "[", "m.", "1", "{", "kg/"] {
            let begin = crate::time::monotonic();
            assert!(!is_unit(&piece.repeat(1_000_000)), "{piece}");
            assert!(begin.elapsed().as_secs() < 1, "{piece}");
        }
    }

    #[test]
    fn units_that_are_not() {
        for unit in [
            "",
            "IU",
            "mmHg",
            "lbs",
            "beats/min",
            "kilo",
            "KG",
            "mmol\\l",
            "µg",
            "kg/",
            "mm[Hg",
            "(kg",
            "2026-01",
            "vital-signs",
            "lb",
            " kg",
            "steps",
            "{",
            "cc",
        ] {
            assert!(!is_unit(unit), "{unit}");
        }
    }
}
