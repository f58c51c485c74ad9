//! Where things lie in a drawing, and the strokes that make it.

use super::axis::{round_step, ticks};
use super::{Mark, Plot};
use crate::http::pages::Language;
use crate::http::pages::citizen::shown::decimal;
use std::fmt::Write;

/// How large a drawing is, in its own units, which are pixels where it fits.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

pub(super) const WIDE: Size = Size { width: 860.0, height: 330.0 };
pub(super) const NARROW: Size = Size { width: 344.0, height: 280.0 };
pub(super) const SMALL: Size = Size { width: 150.0, height: 48.0 };

/// Where times and numbers lie in a drawing.
pub(super) struct Area {
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
    pub(super) fn of(plot: &Plot, size: Size, [top, right, bottom, left]: [f64; 4]) -> Option<Area> {
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

    pub(super) fn x(&self, at: i64) -> f64 {
        let share = (at - self.from) as f64 / (self.to - self.from) as f64;
        self.left + share * (self.right - self.left)
    }

    pub(super) fn y(&self, number: f64) -> f64 {
        let share = (number - self.least) / (self.most - self.least);
        self.bottom - share * (self.bottom - self.top)
    }

    pub(super) fn line(&self, svg: &mut String, index: usize, marks: &[Mark]) {
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

    pub(super) fn axes(&self, svg: &mut String, unit: &str, language: Language) {
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

/// The class of a series: line and mark follow from it.
pub(super) fn style(index: usize) -> &'static str {
    ["series-a", "series-b", "series-c", "series-d"][index % 4]
}

/// The mark of a series: disc, open square, triangle, open diamond.
pub(super) fn shape(svg: &mut String, index: usize, x: f64, y: f64) {
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

pub(super) fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

pub(super) fn escape(text: &mut String, words: &str) {
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
