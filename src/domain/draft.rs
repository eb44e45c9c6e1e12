//! The texts to the carrier: what stands in for facts not known yet, how they are filled in, and the
//! digest that an approval covers.

use super::address::Address;
use super::case::{Attachment, Letter, Letters, Outgoing};

/// Stands for the day the request was sent, in the letters rendered before that.
pub const SLOT_REQUEST_DATE: &str = "[[request_date]]";
/// Stands for the carrier's ticket number; a line that holds it is left out while none is known.
pub const SLOT_TICKET: &str = "[[ticket]]";
/// Stands for the days on which follow-ups were sent.
pub const SLOT_FOLLOW_UP_DATES: &str = "[[follow_up_dates]]";

/// Facts that fill the slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotFacts {
    /// Day of the request, as written in the letter's language.
    pub request_date: String,
    /// Ticket number of the carrier.
    pub ticket: Option<String>,
    /// Days of the follow-ups, comma separated.
    pub follow_up_dates: String,
}

/// Fills the slots of one text. Lines about facts that do not exist are left out.
#[must_use]
pub fn fill(text: &str, facts: &SlotFacts) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let missing = (line.contains(SLOT_TICKET) && facts.ticket.is_none())
            || (line.contains(SLOT_FOLLOW_UP_DATES) && facts.follow_up_dates.is_empty());
        if missing {
            continue;
        }
        lines.push(
            line.replace(SLOT_REQUEST_DATE, &facts.request_date)
                .replace(SLOT_TICKET, facts.ticket.as_deref().unwrap_or(""))
                .replace(SLOT_FOLLOW_UP_DATES, &facts.follow_up_dates),
        );
    }
    lines.join("\n")
}

/// Feeds one field with its length, so that no two different drafts hash alike.
fn feed(context: &mut ring::digest::Context, field: &str) {
    context.update(&(field.len() as u64).to_be_bytes());
    context.update(field.as_bytes());
}

fn feed_letter(context: &mut ring::digest::Context, letter: &Letter) {
    feed(context, &letter.subject);
    feed(context, &letter.body);
}

fn feed_attachments(context: &mut ring::digest::Context, attachments: &[Attachment]) {
    for a in attachments {
        feed(context, &a.file_name);
        feed(context, &a.media_type);
        feed(context, &a.digest);
    }
}

/// The digest of everything that leaves when this draft is approved: sender, recipients, text,
/// documents and, where the approval covers them, the later letters. Twelve hex digits of SHA-256.
#[must_use]
pub fn digest(from: &Address, recipients: &[Address], mail: &Outgoing, covered: Option<&Letters>) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    feed(&mut context, from.as_str());
    for to in recipients {
        feed(&mut context, to.as_str());
    }
    feed(&mut context, mail.purpose.name());
    feed_letter(&mut context, &mail.letter);
    feed_attachments(&mut context, &mail.attachments);
    if let Some(letters) = covered {
        for letter in [&letters.follow_up_1, &letters.follow_up_2, &letters.notice] {
            feed_letter(&mut context, letter);
        }
    }
    context.finish().as_ref().iter().take(6).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_an_unknown_ticket_is_left_out() {
        let text = "Dear Sir,\nyour number: [[ticket]]\nsent on [[request_date]].";
        let facts = SlotFacts { request_date: "9 November 2026".into(), ..SlotFacts::default() };
        assert_eq!(fill(text, &facts), "Dear Sir,\nsent on 9 November 2026.");
    }
}
