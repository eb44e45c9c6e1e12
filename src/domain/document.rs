//! Documents for a carrier as the rules of a case see them: how large they may be, what is written across their copies,
//! and which of them the store holds until when. What is done to the files is in `document`.

use super::carrier::{CarrierProfile, IdDocument, OTHER};
use super::draft::write_date;
use super::identity::Line;
use super::{Date, Timestamp};
use serde::{Deserialize, Serialize};

/// Whether documents go with the first mail: only where the carrier's record demands it (DESIGN §3). Of a carrier that
/// is in no directory the holder knows best.
#[must_use]
pub fn go_with_request(carrier: &CarrierProfile) -> bool {
    carrier.proof.id_document == IdDocument::WithRequest || carrier.id == OTHER
}

/// The copies that the store holds for a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Digests of their bytes.
    pub digests: Vec<String>,
    /// When they are deleted: set as soon as the case is over.
    pub delete_at: Option<Timestamp>,
}

/// What a document may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub size_max: u64,
    /// Pixels of one picture, counted before any of them is unpacked.
    pub pixels_max: u64,
    /// Pages of a PDF file.
    pub pages_max: usize,
    /// Longest side of the copy, in pixels.
    pub side_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        // 40 megapixels are a sheet of A4 at 600 dots per inch; 2,000 on the long side show its small print.
        Self { size_max: 10_000_000, pixels_max: 40_000_000, pages_max: 6, side_max: 2_000 }
    }
}

/// What a copy is for.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// Language of the letters to the carrier.
    pub language: &'a str,
    /// The line that is cancelled.
    pub line: &'a Line,
    /// The carrier's name.
    pub carrier: &'a str,
    /// Day on which the copy was made, at the carrier.
    pub date: Date,
}

/// What a copy calls the line.
#[must_use]
pub fn number(line: &Line) -> String {
    line.msisdn
        .as_ref()
        .map(ToString::to_string)
        .or_else(|| line.order_number.as_deref().map(str::to_owned))
        .or_else(|| line.contract_number.as_deref().map(str::to_owned))
        .or_else(|| line.customer_number.as_deref().map(str::to_owned))
        .or_else(|| line.iccid.as_ref().map(|i| i.as_str().to_owned()))
        .or_else(|| line.eid.as_ref().map(|e| e.as_str().to_owned()))
        .unwrap_or_default()
}

/// The words across a copy, in the carrier's language where it has Latin letters, else in English.
///
/// The number stands in them in full: it is in the mail that the copy goes with, and a copy that names another
/// line is of no use to anybody.
#[must_use]
pub fn words(occasion: &Occasion<'_>) -> String {
    let number = number(occasion.line);
    let primary = occasion.language.split('-').next().unwrap_or_default();
    let (before, at, language) = match primary {
        "sr" => ("samo za raskid", "kod", "sr"),
        "hr" | "bs" => ("samo za raskid", "kod", "hr"),
        "de" => ("nur zur Kündigung von", "bei", "de"),
        _ => ("only for the cancellation of", "at", "en"),
    };
    let date = write_date(language, occasion.date);
    format!("{before} {number} {at} {}, {date}", occasion.carrier)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::domain::identity::CarrierNumber;
    use crate::domain::identity::Msisdn;

    #[test]
    fn the_words_name_the_line_the_carrier_and_the_day() {
        let line = Line { msisdn: Some(Msisdn::parse("+381601234567", None).unwrap()), ..Line::default() };
        let date = Date::from_ymd_opt(2026, 11, 25).unwrap();
        let check = |language: &str, expected: &str| {
            assert_eq!(words(&Occasion { language, line: &line, carrier: "mts", date }), expected);
        };
        let english = "only for the cancellation of +381601234567 at mts, 25 November 2026";
        check("en", english);
        check("zh-CN", english);
        check("sr-Cyrl", "samo za raskid +381601234567 kod mts, 25.11.2026.");
        check("de", "nur zur Kündigung von +381601234567 bei mts, 25.11.2026");
        let travel = Line { order_number: CarrierNumber::parse("A-4711").ok(), ..Line::default() };
        let text = words(&Occasion { language: "en", line: &travel, carrier: "Dunavtel", date });
        assert_eq!(text, "only for the cancellation of A-4711 at Dunavtel, 25 November 2026");
    }
}
