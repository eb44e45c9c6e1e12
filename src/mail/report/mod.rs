//! Delivery reports: RFC 3464 first, then the many that are told in words only. Called by `mail::parse`.
//! Absence notices, receipts (RFC 8098), complaints (RFC 5965) and questions back are no reports; a person's mail never is.

pub mod absence;
mod notification;
mod prose;
mod recipients;
mod returned;
mod rfc3464;
mod status;

use crate::domain::address::{Address, MessageId};
use crate::domain::reply::{Bounce, BounceClass};
use prose::{Found, Weight};
use rfc3464::Outcome;

/// Parts of a mail that can hold a report.
#[derive(Debug, Default)]
pub struct ReportParts<'a> {
    /// `report-type` of a `multipart/report` in lower case; empty when it names none.
    pub report_type: Option<String>,
    /// Bodies of `message/delivery-status` parts.
    pub delivery_status: Vec<String>,
    /// Such bodies inside a returned mail: reports about reports.
    pub inner_status: Vec<String>,
    /// A `message/feedback-report` part is there.
    pub is_complaint: bool,
    /// A `message/disposition-notification` part is there.
    pub is_receipt: bool,
    /// What the returned mail or its returned header says of itself.
    pub returned: Option<Returned>,
    /// X-Failed-Recipients.
    pub failed_recipients: Vec<Address>,
    /// The words of the report: all text parts.
    pub text: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Local part of the From address, or what stands in its place.
    pub from_local: &'a str,
    /// Domain of the From address.
    pub from_domain: &'a str,
    /// Display name of the author.
    pub from_name: &'a str,
    /// The mail is an answer by its header (In-Reply-To): the id that it answers.
    pub answers: Option<MessageId>,
    /// Author and recipients of this very mail.
    pub strangers: Vec<Address>,
    /// Return-Path is `<>`, or names a mail system.
    pub null_reverse_path: bool,
}

/// A returned mail, as far as it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// Its Message-ID.
    pub id: Option<MessageId>,
    /// Its first addressee.
    pub addressee: Option<Address>,
}

impl Returned {
    /// Reads a returned header block.
    #[must_use]
    pub fn from_header(text: &str) -> Self {
        Self { id: returned::message_id(text), addressee: returned::addressee(text) }
    }
}

/// Whether the mail is worth reading as a report, judged without its text: hardly any mail is.
#[must_use]
pub fn may_report(parts: &ReportParts<'_>) -> bool {
    parts.null_reverse_path
        || parts.report_type.is_some()
        || !parts.delivery_status.is_empty()
        || !parts.failed_recipients.is_empty()
        || parts.is_receipt
        || notification::is_service(parts.from_domain)
        || names_a_system(parts)
        || is_administrator(parts)
        || prose::subject(&prose::folded(parts.subject)).is_some()
}

/// What the mail reports, if it is a report of failure or delay.
#[must_use]
pub fn parse(parts: &ReportParts<'_>) -> Option<Bounce> {
    if parts.is_complaint || parts.report_type.as_deref() == Some("feedback-report") {
        return None;
    }
    if notification::is_notification(parts.from_domain, parts.text) {
        return notification::read(parts.text);
    }
    let words = Words::of(parts);
    let receipt = parts.is_receipt || parts.report_type.as_deref() == Some("disposition-notification");
    // RFC 5429 §2.2.1: a refusal by a filter rule comes in the form of a receipt.
    if receipt && !(words.is_strong() && words.is_system(parts)) {
        return None;
    }
    // Some mail programs take a report apart when a person passes it on.
    let is_form = parts.report_type.is_some() || parts.null_reverse_path || words.is_system(parts);
    let own_status = if is_form || words.is_report(parts) { parts.delivery_status.as_slice() } else { &[] };
    let statuses = own_status.iter().chain(parts.inner_status.iter().filter(|_| words.is_system(parts)));
    let mut outcome: Option<Outcome> = None;
    for status in statuses {
        let found = rfc3464::read(status);
        let good = |o: &Option<Outcome>| matches!(o, None | Some(Outcome::Silent { .. }));
        if good(&outcome) || matches!(found, Some(Outcome::Bad { .. })) {
            outcome = found.or(outcome);
        }
        if matches!(outcome, Some(Outcome::Bad { .. })) {
            break;
        }
    }
    if outcome.is_none() && words.is_system(parts) {
        outcome = written_out(words.report).or_else(|| written_out(parts.text));
    }
    match outcome {
        // RFC 3464 §2.3.3: delivered, relayed and expanded are good news.
        Some(Outcome::Good) => None,
        // Guards of a mailbox dress their question up as a delay.
        Some(Outcome::Bad { .. }) if words.found.is_none() && prose::is_other_machine(&words.folded) => None,
        Some(Outcome::Bad { class, recipient }) => Some(words.bounce(parts, class, recipient)),
        Some(Outcome::Silent { recipient }) => {
            words.is_report(parts).then(|| words.bounce(parts, words.class(), recipient))
        }
        None => words.is_report(parts).then(|| words.bounce(parts, words.class(), None)),
    }
}

/// A delivery status among the words, where the MIME structure was lost on the way.
fn written_out(text: &str) -> Option<Outcome> {
    let has = |name: &str| text.lines().take(returned::LINES_MAX).any(|l| l.len() > name.len() && starts(l, name));
    let found = (has("Final-Recipient:") && (has("Action:") || has("Status:"))).then(|| rfc3464::read(text)).flatten();
    found.filter(|o| !matches!(o, Outcome::Silent { .. }))
}

fn starts(line: &str, name: &str) -> bool {
    line.get(..name.len()).is_some_and(|l| l.eq_ignore_ascii_case(name))
}

/// The words of a report, split and folded once.
struct Words<'a> {
    report: &'a str,
    tail: &'a str,
    folded: String,
    subject: String,
    found: Option<Found>,
}

impl<'a> Words<'a> {
    fn of(parts: &ReportParts<'a>) -> Self {
        let (report, tail) = returned::split(parts.text);
        let folded = prose::folded(report);
        let subject = prose::folded(parts.subject);
        let found = prose::read(&folded);
        Self { report, tail, folded, subject, found }
    }

    fn is_strong(&self) -> bool {
        self.found.is_some_and(|f| f.weight == Weight::Strong)
    }

    fn class(&self) -> BounceClass {
        prose::class(self.found, &self.subject, &self.folded)
    }

    /// Whether a mail system names itself as the sender.
    fn is_system(&self, parts: &ReportParts<'_>) -> bool {
        names_a_system(parts)
            || (is_administrator(parts) && self.found.is_some())
            || (parts.from_local.is_empty() && parts.null_reverse_path)
    }

    /// Whether words alone make a report. A person's mail must never pass for one: the sender has to be a mail
    /// system, or the whole form of the mail that of a report.
    fn is_report(&self, parts: &ReportParts<'_>) -> bool {
        let by_subject = prose::subject(&self.subject);
        let has_returned = parts.returned.is_some() || !self.tail.is_empty();
        let declared = parts.report_type.as_deref() == Some("delivery-status") || !parts.failed_recipients.is_empty();
        if prose::is_other_machine(&self.folded) && !self.is_strong() {
            return false;
        }
        if declared || self.is_system(parts) {
            return match self.found.map(|f| f.weight) {
                Some(Weight::Strong) => true,
                Some(Weight::Plain) => declared || by_subject.is_some() || has_returned || parts.null_reverse_path,
                None => by_subject.is_some() && (has_returned || self.folded.trim().is_empty() || declared),
            };
        }
        // A person who passes a report on writes above it or marks the subject.
        if passed_on(&self.subject) || parts.answers.is_some() && !parts.null_reverse_path {
            return false;
        }
        // A parcel is undeliverable too: only mail has a recipient with an `@`, or comes back as mail.
        let as_mail = parts.returned.is_some() || returned::is_header(self.tail);
        let about_mail = as_mail || recipients::named(self.report, &parts.strangers);
        let opens = self.found.is_some_and(|f| f.weight == Weight::Strong && f.at < 160);
        match (parts.null_reverse_path, self.is_strong()) {
            (true, true) => about_mail && (by_subject.is_some() || opens),
            (true, false) => self.found.is_some() && parts.returned.is_some() && by_subject.is_some(),
            (false, _) => about_mail && opens && by_subject.is_some(),
        }
    }

    fn bounce(&self, parts: &ReportParts<'_>, class: BounceClass, stated: Option<Address>) -> Bounce {
        let recipient = stated
            .or_else(|| parts.failed_recipients.first().cloned())
            .or_else(|| recipients::failed(self.report, &parts.strangers))
            .or_else(|| recipients::bare_name(self.report, parts.from_domain))
            .or_else(|| parts.returned.as_ref().and_then(|r| r.addressee.clone()))
            .or_else(|| returned::addressee(self.tail));
        let original = parts
            .returned
            .as_ref()
            .and_then(|r| r.id.clone())
            .or_else(|| returned::message_id(self.tail))
            .or_else(|| returned::message_id(self.report))
            .or_else(|| parts.delivery_status.iter().find_map(|s| rfc3464::original_id(s)))
            // Gmail and Exchange thread their reports to the mail that came back.
            .or_else(|| parts.answers.clone());
        Bounce { class, recipient, original }
    }
}

/// Whether the author is a mail system by address or name.
fn names_a_system(parts: &ReportParts<'_>) -> bool {
    const LOCALS: &[&str] = &[
        "mailer-daemon",
        "mailerdaemon",
        "mailer_daemon",
        "mail-daemon",
        "maildaemon",
        "mdaemon",
        "postmaster",
        "post_master",
        "mail.delivery",
        "mail-delivery",
        "maildelivery",
        "mailsystem",
        "mail-system",
        "mailadmin",
        "symantec_antivirus",
        "imss",
        "microsoftexchange",
    ];
    const NAMES: &[&str] = &[
        "mail delivery s",
        "mail deliver",
        "delivery subsystem",
        "mailer-daemon",
        "mailer daemon",
        "mail administrator",
        "mail system",
        "postmaster",
        "interscan",
        "jetmail system",
    ];
    let local = parts.from_local.trim_matches(['"', '<', ' ', '\\']).to_ascii_lowercase();
    let name = parts.from_name.to_lowercase();
    LOCALS.iter().any(|l| local.starts_with(l)) || NAMES.iter().any(|n| name.contains(n))
}

/// Whether the author is a "System Administrator", as Exchange calls itself: people are called so too.
fn is_administrator(parts: &ReportParts<'_>) -> bool {
    let is = |text: &str| text.to_lowercase().contains("system administrator");
    is(parts.from_name) || is(parts.from_local)
}

/// Whether a subject says that a person passes a report on or answers one.
fn passed_on(subject: &str) -> bool {
    const MARKS: &[&str] = &["fw:", "fwd:", "wg:", "tr:", "rv:", "enc:", "i:", "пер:", "转发:", "转发：", "轉寄:"];
    const ANSWERS: &[&str] = &["re:", "aw:", "sv:", "odg:", "回复:", "回复：", "答复:"];
    let subject = subject.trim_start();
    if MARKS.iter().any(|m| subject.starts_with(m)) {
        return true;
    }
    ANSWERS
        .iter()
        .find_map(|a| subject.strip_prefix(a))
        .is_some_and(|rest| prose::subject(rest.trim_start()).is_some_and(|at| at < 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(parts: &ReportParts<'_>) -> Option<BounceClass> {
        parse(parts).map(|b| b.class)
    }

    fn with_status(status: &str) -> ReportParts<'static> {
        ReportParts {
            report_type: Some("delivery-status".into()),
            delivery_status: vec![status.into()],
            ..ReportParts::default()
        }
    }

    #[test]
    fn good_news_is_no_bounce() {
        let good = with_status(
            "Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; b@a.example\nAction: delivered\nStatus: 2.0.0\n",
        );
        assert_eq!(class_of(&good), None);
    }

    #[test]
    fn a_receipt_or_a_complaint_is_no_bounce() {
        let text = "Your message could not be delivered to the following recipients. Just kidding: it was read.";
        let receipt = ReportParts { is_receipt: true, text, ..ReportParts::default() };
        assert_eq!(class_of(&receipt), None);
        let complaint = ReportParts { is_complaint: true, text, from_local: "mailer-daemon", ..ReportParts::default() };
        assert_eq!(class_of(&complaint), None);
    }

    #[test]
    fn a_plain_text_bounce_needs_a_mail_system_as_sender() {
        let text = "Hi. This is the qmail-send program at a.example.\n\n<b@a.example>:\nno such mailbox (#5.1.1)\n\n--- Below this line\nMessage-ID: <x.1@y.example>\n";
        let person = ReportParts { text, from_local: "ana", ..ReportParts::default() };
        assert_eq!(class_of(&person), None);
        let daemon = ReportParts { text, from_local: "MAILER-DAEMON", ..ReportParts::default() };
        let bounce = parse(&daemon);
        assert_eq!(bounce.as_ref().and_then(|b| b.original.as_ref()).map(MessageId::as_str), Some("x.1@y.example"));
        assert_eq!(bounce.as_ref().and_then(|b| b.recipient.as_ref()).map(Address::as_str), Some("b@a.example"));
        assert_eq!(bounce.map(|b| b.class), Some(BounceClass::Permanent));
    }

    #[test]
    fn a_delay_is_temporary() {
        let text = "Warning: message delayed. Delivery attempts will continue. 4.4.1";
        assert_eq!(
            class_of(&ReportParts {
                text,
                from_local: "mailer-daemon",
                null_reverse_path: true,
                ..ReportParts::default()
            }),
            Some(BounceClass::Temporary)
        );
    }

    #[test]
    fn a_report_that_a_person_passes_on_is_no_report() {
        let text =
            "Undelivered Mail Returned to Sender\nThis is the mail system at host a.example.\n<b@a.example>: 550";
        for subject in ["Fwd: Undelivered Mail Returned to Sender", "Re: Undelivered Mail", "WG: Unzustellbar"] {
            let mail = ReportParts { text, subject, from_local: "ana", ..ReportParts::default() };
            assert_eq!(class_of(&mail), None, "{subject}");
        }
    }
}
