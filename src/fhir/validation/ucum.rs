//! Whether a text is a unit code of UCUM, case-sensitive: `mmol/L`, `mm[Hg]`, `10*9/L`, `{beats}/min`.
//!
//! The grammar is UCUM's. Of the units in brackets (customary and procedure-defined ones) there are hundreds and new ones
//! come: any is accepted, so that the check never refuses a code for being rare.

/// The prefixes that metric units take.
const PREFIXES: [&str; 24] = [
    "da", "Ki", "Mi", "Gi", "Ti", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a",
    "z", "y",
];

/// Units that take a prefix.
const METRIC: [&str; 73] = [
    "m", "s", "g", "rad", "K", "C", "cd", "mol", "sr", "Hz", "N", "Pa", "J", "W", "A", "V", "F", "Ohm", "S", "Wb",
    "Cel", "T", "H", "lm", "lx", "Bq", "Gy", "Sv", "l", "L", "ar", "t", "bar", "u", "eV", "pc", "gf", "Ky", "Gal",
    "dyn", "erg", "P", "Bi", "St", "Mx", "G", "Oe", "Gb", "sb", "Lmb", "ph", "Ci", "R", "RAD", "REM", "cal", "cal_IT",
    "cal_m", "cal_th", "tex", "eq", "osm", "kat", "U", "B", "Np", "bit", "By", "Bd", "st", "mho", "g%", "a_g",
];

/// Units that take none.
const PLAIN: [&str; 26] = [
    "10*", "10^", "%", "gon", "deg", "'", "''", "min", "h", "d", "a_t", "a_j", "a", "wk", "mo_s", "mo_j", "mo_g", "mo",
    "AU", "att", "bit_s", "b", "sph", "circ", "ppm", "lne",
];

/// Whether `code` can be read as a unit.
pub(super) fn is_unit(code: &str) -> bool {
    let mut rest = code;
    !code.is_empty() && code.is_ascii() && main_term(&mut rest, 0) && rest.is_empty()
}

/// `/term` or `term`.
fn main_term(rest: &mut &str, depth: usize) -> bool {
    eat(rest, "/");
    term(rest, depth)
}

/// Components joined by `.` and `/`.
fn term(rest: &mut &str, depth: usize) -> bool {
    loop {
        if !component(rest, depth) {
            return false;
        }
        if !eat(rest, ".") && !eat(rest, "/") {
            return true;
        }
    }
}

fn component(rest: &mut &str, depth: usize) -> bool {
    if eat(rest, "(") {
        return depth < 8 && main_term(rest, depth + 1) && eat(rest, ")");
    }
    if rest.starts_with('{') {
        return annotation(rest);
    }
    let end = rest.find(['.', '/', '(', ')', '{']).unwrap_or(rest.len());
    let mut end = end;
    // A bracket may hold any of these.
    if let Some(open) = rest.find('[').filter(|open| *open < end) {
        let Some(close) = rest[open..].find(']') else { return false };
        let after = open + close + 1;
        end = after + rest[after..].find(['.', '/', '(', ')', '{']).unwrap_or(rest.len() - after);
    }
    let (unit, next) = rest.split_at(end);
    *rest = next;
    is_simple(unit) && (!rest.starts_with('{') || annotation(rest))
}

/// `{anything}`
fn annotation(rest: &mut &str) -> bool {
    let Some(end) = rest.find('}') else { return false };
    let is_flat = !rest[1..end].contains('{');
    *rest = &rest[end + 1..];
    is_flat
}

/// A number, or a unit with an optional prefix and exponent.
fn is_simple(unit: &str) -> bool {
    if unit.is_empty() {
        return false;
    }
    if unit.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let base = unit.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let base = if base.len() < unit.len() { base.strip_suffix(['+', '-']).unwrap_or(base) } else { base };
    [unit, base].into_iter().any(is_atom)
}

fn is_atom(unit: &str) -> bool {
    // A unit in brackets, perhaps with letters before it: [iU], m[Hg], cal_[15], B[SPL].
    if let Some(open) = unit.find('[') {
        let before = &unit[..open];
        let is_closed = unit.ends_with(']') && unit.len() > open + 2;
        return is_closed
            && (before.is_empty() || before == "%" || is_prefix(before) || is_atom(before) || before == "cal_");
    }
    PLAIN.contains(&unit) || METRIC.contains(&unit) || {
        PREFIXES.iter().any(|prefix| unit.strip_prefix(*prefix).is_some_and(|unit| METRIC.contains(&unit)))
    }
}

fn is_prefix(text: &str) -> bool {
    PREFIXES.contains(&text)
}

fn eat(rest: &mut &str, token: &str) -> bool {
    match rest.strip_prefix(token) {
        Some(next) => {
            *rest = next;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_unit;

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
            "kg//m",
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
