//! The record of a regulator: whom a holder turns to when nothing else helps, and the terms of its country's
//! law. Called by `carrier_record`.

use super::reader::Section;
use super::record_parts::{country, id, source, sourced, term};
use crate::domain::address::Address;
use crate::domain::carrier::Regulator;

/// Reads a record that calls itself `kind = "regulator"`; problems are noted in the document.
pub(super) fn read(root: &Section<'_, '_>) -> Option<Regulator> {
    let id = id(root);
    let name = root.required("name");
    if !root.has("country") {
        root.problem("country", "is missing: a regulator supervises the carriers of a country");
    }
    let country = root.parsed("country", country);
    // All keys are asked for before anything is given up on, so that none of them is reported as unknown.
    let out = Regulator {
        id: id.clone().unwrap_or_default(),
        short_name: root.string("short_name").or_else(|| name.clone()).unwrap_or_default(),
        name: name.clone().unwrap_or_default(),
        aliases: root.strings("aliases").unwrap_or_default(),
        country: country.clone().unwrap_or_default(),
        address: root.string("address"),
        email: root.parsed("email", Address::parse),
        url: root.string("url"),
        phone: root.string("phone"),
        wants: root.strings("wants").unwrap_or_default(),
        source: source(root),
        terms: root.sections("term").iter().filter_map(term).collect(),
        good_to_know: root.sections("good_to_know").iter().map(sourced).collect(),
        check_again: root.date("check_again"),
    };
    if out.places().is_empty() && out.good_to_know.is_empty() {
        root.problem_here("says not how the regulator is reached: give an `email`, a `url`, an `address` or a `phone`");
    }
    (id.is_some() && name.is_some() && country.is_some()).then_some(out)
}
