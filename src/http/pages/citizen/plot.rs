//! Results over time as an SVG drawing. It can be read without colour: series differ by the shape of their marks and the
//! strokes of their lines, and are named beside the drawing. A table always stands by it.

mod area;
mod axis;

use super::shown::{decimal, part_name, plain_unit};
use crate::http::pages::Language;
use crate::http::pages::texts::CitizenTexts;
use area::{Area, NARROW, SMALL, Size, WIDE, add, escape, shape, style};
use axis::{day_words, local};

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

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<Point>) -> Plot {
        Plot { series: vec![Series { part: None, unit: "kg".into(), points }] }
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
}
