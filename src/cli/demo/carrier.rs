//! The invented carrier of `odjava demo`: its record, the config of the demo, and what its clerks write. Text
//! only; who delivers it and when is said by the story.

use crate::domain::Timestamp;
use crate::domain::address::MessageId;

/// The config of the demo; paths count from its folder.
pub(super) const CONFIG: &str = r#"# Written by `odjava demo`. Everything here is invented and stays on this machine.
[account.demo]
name = "Li Wei"
address = "li.wei@mailhost.example"
language = "en"
time_zone = "Europe/Belgrade"
maildir = "mailbox/inbox"
maildir_sent = ".Sent"

[account.demo.smtp]
maildir = "mailbox/outgoing"
sent_copy = "always"

[trust]
authserv_id = "mx.mailhost.example"

[store]
path = "odjava.db"

[directory]
carriers = "carriers"
"#;

/// The carrier's record.
pub(super) const RECORD: &str = r#"id = "dunavtel"
name = "Dunavtel"
country = "RS"
aliases = ["Dunavtel", "Dunav telekom"]
time_zone = "Europe/Belgrade"
calling_code = "381"
letter_languages = ["en"]
email_termination = "accepted"
id_document = "on_request"
required_facts = ["name", "msisdn"]
optional_facts = ["customer_number"]
send_window = "0 * 9-16 * * Mon-Fri"

[email_termination_note]
value = "Dunavtel takes terminations by e-mail."
standing = "verified"
source = "the demo"
source_date = "2026"

[[channel]]
kind = "email"
purpose = "termination"
value = "cancel@dunavtel.example"
standing = "verified"
source = "the demo"
source_date = "2026"

[[sender_domain]]
domain = "dunavtel.example"
standing = "verified"
source = "the demo"
source_date = "2026"
"#;

/// A passport, as far as a demo needs one: a PNG of one dot.
pub(super) const PASSPORT: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82";

/// A mail to the holder, as the holder's mail server stores it.
pub(super) struct Incoming<'a> {
    /// What the server found out about the sender.
    pub(super) verdict: &'a str,
    /// Name and address in From.
    pub(super) from: &'a str,
    /// The mail it answers.
    pub(super) answers: Option<&'a MessageId>,
    /// Its own Message-ID.
    pub(super) id: &'a str,
    /// Subject.
    pub(super) subject: &'a str,
    /// When it was written and received.
    pub(super) at: Timestamp,
    /// Body.
    pub(super) body: &'a str,
}

/// What the server writes of mail that really is Dunavtel's.
pub(super) const GENUINE: &str = "dkim=pass header.d=dunavtel.example;\r\n spf=pass smtp.mailfrom=dunavtel.example; dmarc=pass header.from=dunavtel.example";
/// What it writes of a stranger who only says so.
pub(super) const FORGED: &str =
    "dkim=none;\r\n spf=fail smtp.mailfrom=dunavtel.example; dmarc=fail header.from=dunavtel.example";

impl Incoming<'_> {
    /// The bytes (RFC 5322), the server's own headers on top.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let date = self.at.format("%a, %d %b %Y %H:%M:%S +0000");
        let thread = self.answers.map_or_else(String::new, |id| {
            format!("In-Reply-To: {}\r\nReferences: {}\r\n", id.bracketed(), id.bracketed())
        });
        let body = self.body.replace('\n', "\r\n");
        format!(
            "Authentication-Results: mx.mailhost.example; {}\r\nDate: {date}\r\nFrom: {}\r\nTo: Li Wei <li.wei@mailhost.example>\r\n\
             Subject: {}\r\nMessage-ID: <{}>\r\n{thread}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n{body}",
            self.verdict, self.from, self.subject, self.id
        )
        .into_bytes()
    }
}

/// Received, a ticket; not an answer yet.
pub(super) const ACKNOWLEDGEMENT: &str = "\
Dear Li Wei,

thank you for your message. We have received your request and are processing it.
Your ticket number is DT-58214. We will get back to you.

Dunavtel customer care

> I hereby ask you to terminate my contract and to shut down for good the line
";

/// A question.
pub(super) const PASSPORT_WANTED: &str = "\
Dear Li Wei,

please send us a copy of your passport, so that we can go on.

Dunavtel customer care
";

/// The same words that the real confirmation will have.
pub(super) const CONFIRMATION: &str = "\
Dear Li Wei,

we confirm that your contract for the number +381601234567 has been terminated
with effect from 31 March 2026. Ticket: DT-58214.

Dunavtel customer care
";
