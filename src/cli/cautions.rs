//! What a carrier's record says that a person should read before approving a letter. Called where a draft is shown.

use crate::domain::address::Address;
use crate::domain::carrier::{
    CarrierProfile, EmailTermination, IdDocument, OTHER, RegisteredAddress, Signature, Sourced,
};
use crate::domain::{Date, Standing};

/// Doubts about e-mail and about the address, a signature, the address to write from, a document to enclose, and a
/// record past its date; one sentence or two each.
pub(super) fn of(profile: &CarrierProfile, today: Date, to: Option<&Address>) -> Vec<String> {
    let mut out = Vec::new();
    let name = &profile.name;
    if profile.is_past_its_check(today) {
        let day = profile.check_again.map(|d| d.to_string()).unwrap_or_default();
        out.push(format!(
            "What odjava knows about {name} should have been looked at again by {day}: addresses and rules may have \
             changed since."
        ));
    }
    let mut add = |text: String, note: Option<&Sourced>| {
        let why = note.map(|n| format!(" {} [{}]", n.value, n.source.standing.name().replace('_', " ")));
        out.push(text + &why.unwrap_or_default());
    };
    // Without an address there is no letter to be careful with: the ways are told instead.
    let note = profile.email_termination_note.as_ref();
    match profile.email_termination {
        _ if to.is_none() => {}
        EmailTermination::Refused => add(format!("{name} says that it takes no terminations by e-mail."), note),
        EmailTermination::Unverified if profile.id != OTHER => {
            add(format!("Whether {name} accepts a termination by e-mail is not known; it is worth a first try."), note);
        }
        EmailTermination::Unverified | EmailTermination::Accepted => {}
    }
    if let Some(source) = to.and_then(|to| profile.address_source(to)).filter(|s| s.standing != Standing::Verified) {
        let standing = source.standing.name().replace('_', " ");
        add(format!("The address is {standing}: {}, {}.", source.text, source.date), None);
    }
    if let Some(note) = &profile.facts_note {
        add("About what the letter says:".to_owned(), Some(note));
    }
    let proof = &profile.proof;
    match (proof.signature, &proof.signature_note) {
        (Signature::Handwritten, note) => {
            add("It wants a letter signed by hand: enclose a scan with --attach FILE.".to_owned(), note.as_ref());
        }
        (Signature::Electronic, note) => {
            add("It wants a qualified electronic signature.".to_owned(), note.as_ref());
        }
        (Signature::Unknown, Some(note)) => add("About a signature:".to_owned(), Some(note)),
        (Signature::None, _) | (Signature::Unknown, None) => {}
    }
    if proof.registered_address == RegisteredAddress::Required {
        let text = "It answers only to the address it has on file: this must be the one you write from.";
        add(text.to_owned(), proof.registered_address_note.as_ref());
    }
    if proof.id_document == IdDocument::WithRequest {
        let mask = &proof.id_document_may_mask;
        let mask = if mask.is_empty() { String::new() } else { format!(" You may cover: {}.", mask.join(", ")) };
        let text = format!("It wants a copy of an identity document with the request.{mask}");
        add(text, proof.id_document_note.as_ref());
    }
    out
}

/// A word where the letter is not in the language that the carrier reads best, because there are no letters in that one;
/// `written` gives the language of the letters for one that is asked for.
pub(super) fn of_language(profile: &CarrierProfile, letter: &str, written: impl Fn(&str) -> String) -> Option<String> {
    fn primary(tag: &str) -> &str {
        tag.split('-').next().unwrap_or(tag)
    }
    let best = profile.letter_languages.first()?;
    let has_letters = primary(&written(best)) == primary(best);
    (!has_letters && primary(letter) != primary(best)).then(|| {
        let english = if primary(letter) == "en" { "English" } else { letter };
        format!(
            "{} reads letters in `{best}`; odjava has no letters in that language, so this one is in {english}.",
            profile.name
        )
    })
}
