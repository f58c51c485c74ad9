//! Series of measurements that look like a life: a trend, seasons, weekends, good and bad weeks, and chance that is
//! the same every time. Arithmetic keeps to operations that give the same result on every platform.

use super::persona::Common;
use super::when::{Days, instant};
use crate::citizens::chance::Chance;
use crate::citizens::entry::{Content, GlucoseMethod, Insulin, Moment, Nutrient, StepSpan};
use jiff::civil::{Date, Time, Weekday};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;

/// Measurements that recur from one day to another.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub what: What,
    pub common: Common,
    /// The first day.
    pub from: Days,
    /// The last day.
    pub to: Days,
    /// Days from one to the next, counted back from the last.
    pub every_days: i32,
    /// Only on these.
    pub weekdays: Option<Vec<Weekday>>,
    /// The time of day, for what has one.
    pub at: Option<Time>,
    /// How far the time strays, either way.
    pub spread_minutes: u16,
    /// The share of occasions that were not forgotten.
    pub kept: f64,
    /// Another number gives other chances.
    pub seed: u32,
}

/// What is measured.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// One value.
    One { measure: Measure, curve: Curve },
    /// Blood pressure; the two values go up and down together.
    Pressure { systolic: Curve, diastolic: Curve },
    /// Glucose before a meal, its carbohydrate, the insulin for both, and glucose two hours later.
    Meal { carbohydrate: Curve, before: Curve, after: Curve, grams_per_unit: f64 },
    /// A sensor's readings around the clock, rising after meals.
    Tissue { level: Curve, minutes: i32, meals: Vec<Time>, rise: f64 },
}

/// What one value is the value of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measure {
    BodyWeight,
    Glucose(GlucoseMethod),
    HeartRate,
    Steps(StepSpan),
    Macronutrient { nutrient: Nutrient, measured: bool },
    Insulin(Insulin),
}

/// How a value goes over time.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "CurveFile")]
pub(super) struct Curve(CurveFile);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CurveFile {
    /// The level on the first day.
    base: f64,
    /// What a year adds to it.
    #[serde(default)]
    per_year: f64,
    /// What Saturday and Sunday add.
    #[serde(default)]
    weekend: f64,
    /// What midwinter adds and midsummer takes off.
    #[serde(default)]
    winter: f64,
    /// How much better or worse weeks differ.
    #[serde(default)]
    drift: f64,
    /// How much single values differ.
    #[serde(default)]
    noise: f64,
    #[serde(default)]
    min: Option<f64>,
    #[serde(default)]
    max: Option<f64>,
    /// Digits after the decimal point; else those usual for the kind.
    #[serde(default)]
    decimals: Option<u32>,
}

/// One thing that happened, ready to be written as an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happening {
    /// Where it comes in the order of time: its (last) instant.
    pub order: Timestamp,
    pub effective: Moment,
    pub content: Content,
    /// Days before the start, and which of that day's: fixes the identifier.
    pub days_before: i32,
    pub slot: u16,
}

/// A day of a series, with its key to chance.
struct Occasion {
    date: Date,
    days_before: i32,
    years: f64,
    key: [u64; 2],
}

impl Series {
    /// All that happened until `today`, as far as the calendar reaches; `key` tells citizen and series apart.
    pub fn happenings(&self, today: Date, key: u64, into: &mut Vec<Happening>) {
        let (Some(first), Some(last)) = (self.from.before(today), self.to.before(today)) else { return };
        let mut date = last;
        let mut is_turn = 0;
        let mut days_before = (today - last).get_days();
        while date >= first {
            if is_turn == 0 && self.weekdays.as_ref().is_none_or(|days| days.contains(&date.weekday())) {
                let key = [key, u64::from(self.seed)];
                let years = f64::from((date - first).get_days()) / 365.25;
                self.on(&Occasion { date, days_before, years, key }, into);
            }
            is_turn = (is_turn + 1) % self.every_days;
            days_before += 1;
            let Ok(day_before) = date.yesterday() else { return };
            date = day_before;
        }
    }

    fn on(&self, day: &Occasion, into: &mut Vec<Happening>) {
        let mut chance = day.chance(0);
        let forgotten = chance.share() >= self.kept;
        let stray = ((chance.share() * 2.0 - 1.0) * f64::from(self.spread_minutes) * 60.0) as i64;
        if forgotten && !matches!(self.what, What::Tissue { .. }) {
            return;
        }
        let mut slot = 0;
        let mut add = |effective: Moment, order: Timestamp, content: Content| {
            into.push(Happening { order, effective, content, days_before: day.days_before, slot });
            slot += 1;
        };
        let at = self.at.and_then(|time| instant(day.date, time)?.checked_add(SignedDuration::from_secs(stray)).ok());
        let minutes_after = |at: Timestamp, minutes: f64| {
            at.checked_add(SignedDuration::from_secs((minutes * 60.0) as i64)).unwrap_or(at)
        };
        match &self.what {
            What::One { measure: Measure::Steps(_), curve } => {
                let (Some(start), Some(end)) =
                    (instant(day.date, Time::midnight()), instant(day.date, Time::constant(23, 59, 59, 0)))
                else {
                    return;
                };
                let count = curve.value(day, chance.bell(), 0);
                if let Some(content) = Measure::Steps(StepSpan::Day).content(count) {
                    add(Moment::Period(start, end), end, content);
                }
            }
            What::One { measure, curve } => {
                let Some(at) = at else { return };
                if let Some(content) = measure.content(curve.value(day, chance.bell(), measure.decimals())) {
                    add(Moment::Instant(at), at, content);
                }
            }
            What::Pressure { systolic, diastolic } => {
                let Some(at) = at else { return };
                let shared = chance.bell();
                let mut both = || shared * 0.8 + chance.bell() * 0.6;
                let systolic = systolic.value(day, both(), 0);
                let diastolic = diastolic.value(day, both(), 0).min(systolic - Decimal::TEN);
                add(Moment::Instant(at), at, Content::BloodPressure { systolic, diastolic });
            }
            What::Meal { carbohydrate, before, after, grams_per_unit } => {
                let Some(at) = at else { return };
                let glucose = |level: f64, curve: &Curve| Content::BloodGlucose {
                    millimoles_per_litre: curve.rounded(level, 1),
                    method: GlucoseMethod::Meter,
                };
                let eaten = carbohydrate.level(day, chance.bell()).max(0.0);
                let level = before.level(day, chance.bell());
                // Too high a level is corrected with a unit for every 2.5 mmol/l above 7; pens give half units.
                let needed = eaten / grams_per_unit + (level - 7.0).max(0.0) / 2.5;
                let units = Decimal::new((needed * 2.0).round() as i64 * 5, 1).normalize();
                let misjudged = (eaten - carbohydrate.0.base) * 0.02;
                let later = after.level(day, chance.bell()) + (level - before.0.base) * 0.3 + misjudged;
                add(Moment::Instant(at), at, glucose(level, before));
                let eating = minutes_after(at, 2.0 + chance.share() * 4.0);
                let grams = carbohydrate.rounded(eaten, 0);
                let intake = Content::MacronutrientIntake { nutrient: Nutrient::Carbohydrate, grams, measured: false };
                add(Moment::Instant(eating), eating, intake);
                if units > Decimal::ZERO {
                    let dosing = minutes_after(eating, 1.0);
                    let insulin = Insulin::ShortFast;
                    add(Moment::Instant(dosing), dosing, Content::InsulinDose { insulin, units });
                }
                let checked = minutes_after(at, 105.0 + chance.share() * 30.0);
                add(Moment::Instant(checked), checked, glucose(later, after));
            }
            What::Tissue { level, minutes, meals, rise } => {
                let Some(midnight) = instant(day.date, Time::midnight()) else { return };
                let portions: Vec<(f64, f64)> = meals
                    .iter()
                    .map(|time| (minute_of(*time) + chance.bell() * 20.0, 1.0 + chance.bell() * 0.3))
                    .collect();
                let today = level.level(day, 0.0);
                for minute in (0..24 * 60_u32).step_by(*minutes as usize) {
                    // A sensor that is changed or out of reach misses hours, not single readings.
                    if day.chance(1 + u64::from(minute) / 120).share() >= self.kept {
                        continue;
                    }
                    let now = f64::from(minute);
                    let meals: f64 = portions.iter().map(|(at, size)| size * rise * after_meal(now - at)).sum();
                    // Counted on from day to day, so that midnight is a minute like any other.
                    let before_start = f64::from(day.days_before) * 1440.0 + (1440.0 - now);
                    let knots = day.smooth(2, before_start / 60.0) * level.0.noise;
                    let at = minutes_after(midnight, now);
                    let millimoles_per_litre = level.rounded(today + meals + knots, 1);
                    let content = Content::BloodGlucose { millimoles_per_litre, method: GlucoseMethod::Sensor };
                    add(Moment::Instant(at), at, content);
                }
            }
        }
    }
}

impl What {
    /// Whether it happens at a time of day rather than all day long.
    pub fn has_time_of_day(&self) -> bool {
        !matches!(self, What::Tissue { .. } | What::One { measure: Measure::Steps(_), .. })
    }

    /// One of the contents it makes, the one with the fewest profiles.
    pub fn example(&self) -> Content {
        let zero = Decimal::ZERO;
        match self {
            What::One { measure, .. } => measure.content(zero).unwrap_or(Content::BodyWeight { kilograms: zero }),
            What::Pressure { .. } => Content::BloodPressure { systolic: zero, diastolic: zero },
            What::Meal { .. } => Content::InsulinDose { insulin: Insulin::ShortFast, units: zero },
            What::Tissue { .. } => Content::BloodGlucose { millimoles_per_litre: zero, method: GlucoseMethod::Sensor },
        }
    }
}

impl Measure {
    /// The content with a value; none for steps that are no count.
    pub fn content(self, value: Decimal) -> Option<Content> {
        Some(match self {
            Measure::BodyWeight => Content::BodyWeight { kilograms: value },
            Measure::Glucose(method) => Content::BloodGlucose { millimoles_per_litre: value, method },
            Measure::HeartRate => Content::HeartRate { per_minute: value },
            Measure::Steps(span) => {
                let count = u32::try_from(value).ok().filter(|_| value.is_integer())?;
                Content::Steps { count, span }
            }
            Measure::Macronutrient { nutrient, measured } => {
                Content::MacronutrientIntake { nutrient, grams: value, measured }
            }
            Measure::Insulin(insulin) => Content::InsulinDose { insulin, units: value },
        })
    }

    fn decimals(self) -> u32 {
        match self {
            Measure::BodyWeight | Measure::Glucose(_) => 1,
            Measure::HeartRate | Measure::Steps(_) | Measure::Macronutrient { .. } | Measure::Insulin(_) => 0,
        }
    }
}

impl Curve {
    /// The value of a day, with a bell-shaped chance of its own.
    fn value(&self, day: &Occasion, bell: f64, decimals: u32) -> Decimal {
        self.rounded(self.level(day, bell), decimals)
    }

    fn level(&self, day: &Occasion, bell: f64) -> f64 {
        let Curve(curve) = self;
        let weekend =
            if matches!(day.date.weekday(), Weekday::Saturday | Weekday::Sunday) { curve.weekend } else { 0.0 };
        // Weeks that go well or badly: a new mood about every nine days, blended into the next.
        let drift =
            if curve.drift == 0.0 { 0.0 } else { day.smooth(1, f64::from(day.days_before) / 9.0) * curve.drift };
        curve.base + curve.per_year * day.years + weekend + curve.winter * winter(day.date) + drift + curve.noise * bell
    }

    /// A level kept within the bounds, with the digits people see.
    fn rounded(&self, level: f64, decimals: u32) -> Decimal {
        let Curve(curve) = self;
        let bounded = level.max(curve.min.unwrap_or(0.0)).min(curve.max.unwrap_or(f64::INFINITY));
        let decimals = curve.decimals.unwrap_or(decimals);
        Decimal::new((bounded * 10_f64.powi(decimals as i32)).round() as i64, decimals)
    }
}

impl TryFrom<CurveFile> for Curve {
    type Error = String;

    fn try_from(curve: CurveFile) -> Result<Curve, String> {
        let CurveFile { base, per_year, weekend, winter, drift, noise, min, max, decimals } = curve;
        let numbers = [base, per_year, weekend, winter, drift, noise, min.unwrap_or(0.0), max.unwrap_or(0.0)];
        if numbers.iter().any(|number| number.abs() > 1_000_000.0) {
            return Err("a curve's numbers must be within ±1000000".to_owned());
        }
        if min.unwrap_or(0.0) > max.unwrap_or(f64::INFINITY) || min.is_some_and(|min| min < 0.0) {
            return Err("a curve's min must be at least 0 and at most its max".to_owned());
        }
        if decimals.is_some_and(|decimals| decimals > 4) {
            return Err("a curve can have at most 4 decimals".to_owned());
        }
        Ok(Curve(curve))
    }
}

impl Occasion {
    /// Chances of this day; `which` tells several streams apart.
    fn chance(&self, which: u64) -> Chance {
        Chance::of(&[self.key[0], self.key[1], self.days_before as u64, which])
    }

    /// A smooth course through chance values at whole positions, different for each `stream` and the same for all
    /// days of a series.
    fn smooth(&self, stream: u64, position: f64) -> f64 {
        let before = position.floor();
        let knot = |at: f64| Chance::of(&[self.key[0], self.key[1], u64::MAX - stream, at as u64]).bell();
        blend(knot(before), knot(before + 1.0), position - before)
    }
}

/// From one value to the next without a kink.
fn blend(from: f64, to: f64, share: f64) -> f64 {
    from + (to - from) * share * share * (3.0 - 2.0 * share)
}

/// 1 in the middle of January, −1 in the middle of July.
fn winter(date: Date) -> f64 {
    let since_midwinter = (f64::from(date.day_of_year()) - 15.0) / 365.25;
    let distance = (2.0 * since_midwinter - 1.0).abs().min(1.0);
    blend(-1.0, 1.0, distance)
}

/// How much of a meal is in the blood so many minutes after it: all after an hour and a quarter, nothing after three and a half.
fn after_meal(minutes: f64) -> f64 {
    if minutes <= 0.0 {
        0.0
    } else if minutes < 75.0 {
        blend(0.0, 1.0, minutes / 75.0)
    } else {
        blend(1.0, 0.0, ((minutes - 75.0) / 135.0).min(1.0))
    }
}

fn minute_of(time: Time) -> f64 {
    f64::from(time.hour()) * 60.0 + f64::from(time.minute())
}
