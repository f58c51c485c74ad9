//! Results over time as an SVG drawing. It can be read without colour: series differ by the shape of their marks and the
//! strokes of their lines, and are named beside the drawing. A table always stands by it.

use super::shown::{decimal, part_name, plain_unit};
use crate::http::pages::Language;
use crate::http::pages::texts::CitizenTexts;
use crate::time::helsinki;
use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, ToSpan};
use std::fmt::Write;

/// More results than this are drawn by days: from the lowest to the highest, with the middle marked.
const MOST_SINGLE: usize = 150;
/// But not when they are of so few days that little would be left.
const LEAST_DAYS: i64 = 8;
/// More marks than this are not joined by a line.
const MOST_JOINED: usize = 120;

/// The parts in the order in which they are drawn, after what has no name; others follow.
const ORDER: [&str; 5] = ["8480-6", "8462-4", "14745-4", "ins-short-fast", "ins-intermediate-long"];

/// What to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// The series; at least one has a point.
    pub series: Vec<Series>,
}

/// Results that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What they are, when there are several: as [`Amount::part`](super::Amount::part).
    pub part: Option<String>,
    /// Their unit.
    pub unit: String,
    /// The results, the oldest first.
    pub points: Vec<Point>,
}

/// One result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// UTC milliseconds.
    pub at: i64,
    /// The number.
    pub number: f64,
}

/// A mark: one result, or those of a day.
struct Mark {
    at: i64,
    low: f64,
    middle: f64,
    high: f64,
}

/// How large a drawing is, in its own units, which are pixels where it fits.
#[derive(Clone, Copy)]
struct Size {
    width: f64,
    height: f64,
}

const WIDE: Size = Size { width: 860.0, height: 330.0 };
const NARROW: Size = Size { width: 344.0, height: 280.0 };
const SMALL: Size = Size { width: 150.0, height: 48.0 };

impl Plot {
    /// The series of amounts: each part and unit is one.
    pub fn of<'a>(results: impl IntoIterator<Item = (i64, &'a [super::Amount])>) -> Option<Plot> {
        let mut series: Vec<Series> = Vec::new();
        for (at, amounts) in results {
            for amount in amounts {
                let point = Point { at, number: amount.number };
                match series.iter_mut().find(|each| each.part == amount.part && each.unit == amount.unit) {
                    Some(known) => known.points.push(point),
                    None => series.push(Series {
                        part: amount.part.clone(),
                        unit: amount.unit.clone(),
                        points: vec![point],
                    }),
                }
            }
        }
        for each in &mut series {
            each.points.sort_by_key(|point| point.at);
        }
        series.sort_by_key(|each| {
            let known = each.part.as_deref().map(|part| ORDER.iter().position(|known| *known == part));
            known.map_or(0, |place| place.map_or(usize::MAX, |place| place + 1))
        });
        (!series.is_empty()).then_some(Plot { series })
    }

    /// For a page with much room.
    pub(super) fn wide(&self, title: &str, own: &CitizenTexts, language: Language) -> String {
        self.draw(WIDE, "plot wide-only", title, own, language)
    }

    /// For a phone.
    pub(super) fn narrow(&self, title: &str, own: &CitizenTexts, language: Language) -> String {
        self.draw(NARROW, "plot narrow-only", title, own, language)
    }

    /// The names of the series with their marks, when there is more than one.
    pub(super) fn legend(&self, own: &CitizenTexts) -> Vec<(String, String)> {
        if self.series.len() < 2 {
            return Vec::new();
        }
        let same_unit = self.series.iter().all(|series| series.unit == self.series[0].unit);
        let named = self.series.iter().enumerate().map(|(index, series)| {
            let mut svg =
                String::from("<svg class=\"key\" viewBox=\"0 0 36 16\" aria-hidden=\"true\" focusable=\"false\">");
            add(&mut svg, format_args!("<path class=\"line {}\" d=\"M1 8H35\"/>", style(index)));
            shape(&mut svg, index, 18.0, 8.0);
            svg.push_str("</svg>");
            let name = series.part.as_deref().map_or(own.part_plain, |part| part_name(part, own));
            let unit = plain_unit(&series.unit);
            let name = if same_unit || unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") };
            (svg, name)
        });
        named.collect()
    }

    /// Whether some marks stand for whole days.
    pub(super) fn has_days(&self) -> bool {
        let points = || self.series.iter().flat_map(|series| &series.points).map(|point| point.at);
        let span = points().max().unwrap_or(0).saturating_sub(points().min().unwrap_or(0));
        points().count() > MOST_SINGLE && span > LEAST_DAYS * 86_400_000
    }

    /// A small line without axes, for an overview that has the newest number beside it.
    pub(super) fn small(&self) -> String {
        let Some(frame) = Area::of(self, SMALL, [6.0, 6.0, 6.0, 6.0]) else { return String::new() };
        let mut svg = format!(
            "<svg class=\"spark\" viewBox=\"0 0 {} {}\" aria-hidden=\"true\" focusable=\"false\">",
            SMALL.width, SMALL.height
        );
        for (index, series) in self.series.iter().enumerate() {
            frame.line(&mut svg, index, &marks(series, false));
            if let Some(last) = series.points.last() {
                shape(&mut svg, index, frame.x(last.at), frame.y(last.number));
            }
        }
        svg.push_str("</svg>");
        svg
    }

    fn draw(&self, size: Size, class: &str, title: &str, own: &CitizenTexts, language: Language) -> String {
        let Some(area) = Area::of(self, size, [26.0, 14.0, 30.0, 46.0]) else { return String::new() };
        let mut svg =
            format!("<svg class=\"{class}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"", size.width, size.height);
        escape(&mut svg, &self.in_words(title, own, language));
        svg.push_str("\">");
        area.axes(&mut svg, plain_unit(&self.series[0].unit), language);
        for (index, series) in self.series.iter().enumerate() {
            let marks = marks(series, self.has_days());
            if marks.len() <= MOST_JOINED {
                area.line(&mut svg, index, &marks);
            }
            for mark in &marks {
                let x = area.x(mark.at);
                if mark.low < mark.high {
                    let (top, bottom) = (area.y(mark.high), area.y(mark.low));
                    add(
                        &mut svg,
                        format_args!("<path class=\"bar {}\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"/>", style(index)),
                    );
                }
                shape(&mut svg, index, x, area.y(mark.middle));
            }
        }
        svg.push_str("</svg>");
        svg
    }

    /// What the drawing shows, for those who do not see it.
    fn in_words(&self, title: &str, own: &CitizenTexts, language: Language) -> String {
        let mut words = format!("{title}.");
        for series in &self.series {
            let Some((first, last)) = series.points.first().zip(series.points.last()) else { continue };
            let numbers = || series.points.iter().map(|point| point.number);
            let shown = |number: f64| decimal(&format!("{}", (number * 1000.0).round() / 1000.0), language);
            let name = match (&series.part, self.series.len()) {
                (Some(part), _) => format!("{}: ", part_name(part, own)),
                (None, 1) => String::new(),
                (None, _) => format!("{}: ", own.part_plain),
            };
            let day = |at: i64| day_words(local(at).date(), language);
            let summary = Summary {
                count: series.points.len(),
                first: day(first.at),
                last: day(last.at),
                lowest: shown(numbers().fold(f64::INFINITY, f64::min)),
                highest: shown(numbers().fold(f64::NEG_INFINITY, f64::max)),
                newest: shown(last.number),
                unit: plain_unit(&series.unit).to_owned(),
            };
            add(&mut words, format_args!(" {name}{}", (own.plot_summary)(&summary)));
        }
        words
    }
}

/// A series in a few numbers.
pub struct Summary {
    /// How many results.
    pub count: usize,
    /// The first day.
    pub first: String,
    /// The last day.
    pub last: String,
    /// The lowest number.
    pub lowest: String,
    /// The highest number.
    pub highest: String,
    /// The last number.
    pub newest: String,
    /// The unit.
    pub unit: String,
}

/// The marks of a series: the results, or their days.
fn marks(series: &Series, by_days: bool) -> Vec<Mark> {
    let single = |point: &Point| Mark { at: point.at, low: point.number, middle: point.number, high: point.number };
    if !by_days {
        return series.points.iter().map(single).collect();
    }
    series
        .points
        .chunk_by(|one, other| local(one.at).date() == local(other.at).date())
        .map(|day| {
            let mut numbers: Vec<f64> = day.iter().map(|point| point.number).collect();
            numbers.sort_by(f64::total_cmp);
            Mark {
                at: day[day.len() / 2].at,
                low: numbers[0],
                middle: numbers[numbers.len() / 2],
                high: numbers[numbers.len() - 1],
            }
        })
        .collect()
}

/// Where times and numbers lie in a drawing.
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    from: i64,
    to: i64,
    least: f64,
    most: f64,
    step: f64,
}

impl Area {
    /// The area within margins (top, right, bottom, left); none when there is no point.
    fn of(plot: &Plot, size: Size, [top, right, bottom, left]: [f64; 4]) -> Option<Area> {
        let points = || plot.series.iter().flat_map(|series| &series.points);
        let (mut from, mut to) = (points().map(|point| point.at).min()?, points().map(|point| point.at).max()?);
        if to - from < 3_600_000 {
            // A single moment stands in the middle of a day.
            (from, to) = (from.saturating_sub(43_200_000), to.saturating_add(43_200_000));
        }
        let mut least = points().map(|point| point.number).fold(f64::INFINITY, f64::min);
        let mut most = points().map(|point| point.number).fold(f64::NEG_INFINITY, f64::max);
        if least >= 0.0 && least < 0.4 * most {
            least = 0.0;
        }
        if most - least < f64::EPSILON * most.abs().max(1.0) {
            let room = (most.abs() * 0.05).max(0.5);
            (least, most) = (least - room, most + room);
        }
        let step = round_step((most - least) / 4.0);
        (least, most) = ((least / step).floor() * step, (most / step).ceil() * step);
        let (right, bottom) = (size.width - right, size.height - bottom);
        Some(Area { left, right, top, bottom, from, to, least, most, step })
    }

    fn x(&self, at: i64) -> f64 {
        let share = (at - self.from) as f64 / (self.to - self.from) as f64;
        self.left + share * (self.right - self.left)
    }

    fn y(&self, number: f64) -> f64 {
        let share = (number - self.least) / (self.most - self.least);
        self.bottom - share * (self.bottom - self.top)
    }

    fn line(&self, svg: &mut String, index: usize, marks: &[Mark]) {
        if marks.len() < 2 {
            return;
        }
        add(svg, format_args!("<path class=\"line {}\" d=\"", style(index)));
        for (place, mark) in marks.iter().enumerate() {
            let command = if place == 0 { 'M' } else { 'L' };
            add(svg, format_args!("{command}{:.1} {:.1}", self.x(mark.at), self.y(mark.middle)));
        }
        svg.push_str("\"/>");
    }

    fn axes(&self, svg: &mut String, unit: &str, language: Language) {
        let digits = (-self.step.log10().floor()).max(0.0) as usize;
        let digits = digits + usize::from((self.step * 10_f64.powi(digits as i32)).fract() > 1e-6);
        let count = ((self.most - self.least) / self.step).round() as i64;
        for index in 0..=count {
            let number = self.least + index as f64 * self.step;
            let y = self.y(number);
            add(svg, format_args!("<path class=\"grid\" d=\"M{:.1} {y:.1}H{:.1}\"/>", self.left, self.right));
            let label = decimal(&format!("{number:.digits$}"), language);
            add(
                svg,
                format_args!("<text class=\"y\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>", self.left - 8.0, y + 4.0),
            );
        }
        if !unit.is_empty() {
            svg.push_str("<text class=\"unit\" x=\"2\" y=\"12\">");
            escape(svg, unit);
            svg.push_str("</text>");
        }
        let most = ((self.right - self.left) / 64.0).floor().max(2.0) as usize;
        for (at, label) in ticks(self.from, self.to, most, language) {
            let (x, y) = (self.x(at), self.bottom);
            add(svg, format_args!("<path class=\"tick\" d=\"M{x:.1} {y:.1}v5\"/>"));
            // At the edges the words stay within the drawing.
            let x = x.clamp(self.left - 10.0, self.right - 12.0);
            add(svg, format_args!("<text class=\"x\" x=\"{x:.1}\" y=\"{:.1}\">{label}</text>", y + 20.0));
        }
        add(svg, format_args!("<path class=\"axis\" d=\"M{:.1} {:.1}H{:.1}\"/>", self.left, self.bottom, self.right));
    }
}

/// The next of 1, 2, 2.5, 5 and their tenfolds that is not below.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps.into_iter().map(|each| each * power).find(|each| *each >= step * 0.999).unwrap_or(10.0 * power)
}

/// At most `most` moments to name on the axis of time, with their words.
fn ticks(from: i64, to: i64, most: usize, language: Language) -> Vec<(i64, String)> {
    const HOUR: i64 = 3_600_000;
    let span = to - from;
    let most = most.max(1) as i64;
    let at =
        |moment: DateTime| moment.to_zoned(helsinki().clone()).ok().map(|moment| moment.timestamp().as_millisecond());
    let within = |at: i64| (from..=to).contains(&at);
    let first = local(from);
    let midnight = |date: Date| at(date.to_datetime(Time::midnight()));
    if let Some(hours) = [1, 2, 3, 6, 12].into_iter().find(|hours| span / (hours * HOUR) <= most && span <= 48 * HOUR) {
        let Some(start) = midnight(first.date()) else { return Vec::new() };
        return (0..)
            .map(|index| start + index * hours * HOUR)
            .take_while(|at| *at <= to)
            .filter(|at| within(*at))
            .map(|at| {
                let moment = local(at);
                let pattern = if language == Language::En { "%H:%M" } else { "%-H.%M" };
                let words = match moment.time() == Time::midnight() {
                    true => day_label(moment.date(), language),
                    false => moment.strftime(pattern).to_string(),
                };
                (at, words)
            })
            .collect();
    }
    if let Some(days) = [1, 2, 3, 7, 14].into_iter().find(|days| span / (days * 24 * HOUR) <= most) {
        let mut date = first.date();
        let mut found = Vec::new();
        while let Some(start) = midnight(date).filter(|start| *start <= to) {
            if within(start) {
                found.push((start, day_label(date, language)));
            }
            let Ok(next) = date.checked_add((days as i32).days()) else { break };
            date = next;
        }
        return found;
    }
    let months = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600].into_iter();
    let months = months.clone().find(|months| span / (months * 30 * 24 * HOUR) <= most).unwrap_or(1200);
    let mut date = first.date().first_of_month();
    if months >= 12 {
        date = Date::new(date.year(), 1, 1).unwrap_or(date);
    }
    let mut found = Vec::new();
    while let Some(start) = midnight(date).filter(|start| *start <= to) {
        if within(start) {
            let pattern = if months >= 12 { "%Y" } else { "%-m/%Y" };
            found.push((start, date.strftime(pattern).to_string()));
        }
        let Ok(next) = date.checked_add((months as i32).months()) else { break };
        date = next;
    }
    found
}

fn day_label(date: Date, language: Language) -> String {
    date.strftime(if language == Language::En { "%-d %b" } else { "%-d.%-m." }).to_string()
}

fn day_words(date: Date, language: Language) -> String {
    date.strftime(if language == Language::En { "%-d %B %Y" } else { "%-d.%-m.%Y" }).to_string()
}

fn local(at: i64) -> DateTime {
    let instant = Timestamp::from_millisecond(at).unwrap_or(if at < 0 { Timestamp::MIN } else { Timestamp::MAX });
    instant.to_zoned(helsinki().clone()).datetime()
}

/// The class of a series: line and mark follow from it.
fn style(index: usize) -> &'static str {
    ["series-a", "series-b", "series-c", "series-d"][index % 4]
}

/// The mark of a series: disc, open square, triangle, open diamond.
fn shape(svg: &mut String, index: usize, x: f64, y: f64) {
    let class = style(index);
    match index % 4 {
        0 => add(svg, format_args!("<circle class=\"mark-at {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>")),
        1 => add(
            svg,
            format_args!(
                "<rect class=\"mark-at {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\"/>",
                x - 3.5,
                y - 3.5
            ),
        ),
        2 => add(svg, format_args!("<path class=\"mark-at {class}\" d=\"M{x:.1} {:.1}l4.500 8h-9z\"/>", y - 5.0)),
        _ => add(
            svg,
            format_args!(
                "<path class=\"mark-at {class}\" d=\"M{x:.1} {:.1}l4.500 4.500-4.500 4.500-4.500-4.500z\"/>",
                y - 4.5
            ),
        ),
    }
}

fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

fn escape(text: &mut String, words: &str) {
    for letter in words.chars() {
        match letter {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '"' => text.push_str("&quot;"),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<Point>) -> Plot {
        Plot { series: vec![Series { part: None, unit: "kg".into(), points }] }
    }

    #[test]
    fn steps_are_round() {
        assert_eq!([0.03, 0.21, 1.0, 2.3, 7.0].map(round_step), [0.05, 0.25, 1.0, 2.5, 10.0]);
    }

    #[test]
    fn any_numbers_can_be_drawn() {
        let own = CitizenTexts::of(Language::En);
        let at = 1_780_000_000_000;
        let points = |numbers: &[(i64, f64)]| -> Vec<Point> {
            numbers.iter().map(|(days, number)| Point { at: at + days * 86_400_000, number: *number }).collect()
        };
        for numbers in [
            &[(0, 72.5)][..],
            &[(0, 0.0), (0, 0.0)],
            &[(0, -5.0), (4000, 5.0)],
            &[(0, 1e300), (1, -1e300)],
            &[(0, 1e-9), (100_000, 2e-9)],
            &[(-800_000, 1.0), (2_000_000, 2.0)],
        ] {
            let svg = plot(points(numbers)).wide("<Weight>", own, Language::En);
            assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<Weight"), "{svg}");
        }
        assert_eq!(plot(Vec::new()).wide("", own, Language::En), "");
    }

    #[test]
    fn many_results_are_drawn_by_days() {
        let points = (0..2880).map(|index| Point { at: index * 300_000, number: (index % 7) as f64 }).collect();
        let series = Series { part: None, unit: String::new(), points };
        let marks = marks(&series, true);
        assert_eq!(marks.len(), 11, "ten days, seen from Helsinki");
        assert!(marks.iter().all(|mark| mark.low <= mark.middle && mark.middle <= mark.high));
        assert!(plot(series.points).has_days());
    }

    #[test]
    fn the_axis_of_time_names_a_few_moments() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let names = |from, to, most| -> Vec<String> {
            ticks(at(from), at(to), most, Language::Fi).into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(
            names("2026-06-01T06:00:00Z", "2026-06-01T21:30:00Z", 6),
            ["9.00", "12.00", "15.00", "18.00", "21.00", "2.6."]
        );
        assert_eq!(
            names("2026-06-01T06:00:00Z", "2026-06-12T21:30:00Z", 6),
            ["3.6.", "5.6.", "7.6.", "9.6.", "11.6.", "13.6."]
        );
        assert_eq!(
            names("2024-06-01T06:00:00Z", "2026-06-12T21:30:00Z", 6),
            ["12/2024", "6/2025", "12/2025", "6/2026"]
        );
    }
}
