//! The functions by name, with how many arguments they take.

use serde::{Deserialize, Serialize};

macro_rules! functions {
    ($($name:literal => $variant:ident($least:literal..=$most:literal)),* $(,)?) => {
        /// A function of FHIRPath (N1), of FHIR's extensions to it, or of HAPI.
        /// `is`, `as` and `ofType` are not here: they take a type and become [`Part::Type`](super::Part::Type).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Function {
            $(#[doc = concat!("`", $name, "`")] $variant),*
        }

        impl Function {
            /// The function of this name with the least and greatest number of arguments.
            pub(super) fn find(name: &str) -> Option<(Function, std::ops::RangeInclusive<usize>)> {
                match name {
                    $($name => Some((Function::$variant, $least..=$most)),)*
                    // STU3 spells it so.
                    "htmlchecks" => Some((Function::HtmlChecks, 0..=0)),
                    _ => None,
                }
            }

            /// The name as it is written in an expression.
            pub fn name(self) -> &'static str {
                match self {
                    $(Function::$variant => $name),*
                }
            }
        }
    };
}

functions! {
    // Existence.
    "empty" => Empty(0..=0),
    "exists" => Exists(0..=1),
    "all" => All(1..=1),
    "allTrue" => AllTrue(0..=0),
    "anyTrue" => AnyTrue(0..=0),
    "allFalse" => AllFalse(0..=0),
    "anyFalse" => AnyFalse(0..=0),
    "subsetOf" => SubsetOf(1..=1),
    "supersetOf" => SupersetOf(1..=1),
    "count" => Count(0..=0),
    "distinct" => Distinct(0..=0),
    "isDistinct" => IsDistinct(0..=0),
    // Filtering and projection.
    "where" => Where(1..=1),
    "select" => Select(1..=1),
    "repeat" => Repeat(1..=1),
    // Subsetting.
    "single" => Single(0..=0),
    "first" => First(0..=0),
    "last" => Last(0..=0),
    "tail" => Tail(0..=0),
    "skip" => Skip(1..=1),
    "take" => Take(1..=1),
    "intersect" => Intersect(1..=1),
    "exclude" => Exclude(1..=1),
    // Combining.
    "union" => Union(1..=1),
    "combine" => Combine(1..=1),
    // Conversion.
    "iif" => Iif(2..=3),
    "toBoolean" => ToBoolean(0..=0),
    "convertsToBoolean" => ConvertsToBoolean(0..=0),
    "toInteger" => ToInteger(0..=0),
    "convertsToInteger" => ConvertsToInteger(0..=0),
    "toDecimal" => ToDecimal(0..=0),
    "convertsToDecimal" => ConvertsToDecimal(0..=0),
    "toQuantity" => ToQuantity(0..=1),
    "convertsToQuantity" => ConvertsToQuantity(0..=1),
    "toDate" => ToDate(0..=0),
    "convertsToDate" => ConvertsToDate(0..=0),
    "toDateTime" => ToDateTime(0..=0),
    "convertsToDateTime" => ConvertsToDateTime(0..=0),
    "toTime" => ToTime(0..=0),
    "convertsToTime" => ConvertsToTime(0..=0),
    "toString" => ToString(0..=0),
    "convertsToString" => ConvertsToString(0..=0),
    // Strings.
    "indexOf" => IndexOf(1..=1),
    "substring" => Substring(1..=2),
    "startsWith" => StartsWith(1..=1),
    "endsWith" => EndsWith(1..=1),
    "contains" => Contains(1..=1),
    "upper" => Upper(0..=0),
    "lower" => Lower(0..=0),
    "replace" => Replace(2..=2),
    "matches" => Matches(1..=1),
    "matchesFull" => MatchesFull(1..=1),
    "replaceMatches" => ReplaceMatches(2..=2),
    "length" => Length(0..=0),
    "toChars" => ToChars(0..=0),
    "trim" => Trim(0..=0),
    "split" => Split(1..=1),
    "join" => Join(0..=1),
    // Mathematics.
    "abs" => Abs(0..=0),
    "ceiling" => Ceiling(0..=0),
    "exp" => Exp(0..=0),
    "floor" => Floor(0..=0),
    "ln" => Ln(0..=0),
    "log" => Log(1..=1),
    "power" => Power(1..=1),
    "round" => Round(0..=1),
    "sqrt" => Sqrt(0..=0),
    "truncate" => Truncate(0..=0),
    // Navigation and the rest of N1.
    "children" => Children(0..=0),
    "descendants" => Descendants(0..=0),
    "trace" => Trace(1..=2),
    "now" => Now(0..=0),
    "today" => Today(0..=0),
    "timeOfDay" => TimeOfDay(0..=0),
    "not" => Not(0..=0),
    "aggregate" => Aggregate(1..=2),
    // FHIR's own.
    "extension" => Extension(1..=1),
    "hasExtension" => HasExtension(1..=1),
    "hasValue" => HasValue(0..=0),
    "getValue" => GetValue(0..=0),
    "resolve" => Resolve(0..=0),
    "memberOf" => MemberOf(1..=1),
    "conformsTo" => ConformsTo(1..=1),
    "htmlChecks" => HtmlChecks(0..=0),
    // HAPI's split of the former: names and attributes, and content.
    "htmlChecks1" => HtmlChecks1(0..=0),
    "htmlChecks2" => HtmlChecks2(0..=0),
    // These parse and are refused when evaluated: they ask for a profile or a terminology server.
    "elementDefinition" => ElementDefinition(0..=0),
    "slice" => Slice(2..=2),
    "checkModifiers" => CheckModifiers(0..=64),
    "subsumes" => Subsumes(1..=1),
    "subsumedBy" => SubsumedBy(1..=1),
}
