//! The carrier's side of a conversation: reads what reached its mailbox and answers as carriers do.
//! It answers only when told; what it says is up to the test.

use super::servers::{AUTHSERV_ID, CARRIER, MailServers};

/// A mail that reached the carrier.
#[derive(Clone, Debug)]
pub struct Request {
    /// The bytes as they lie in the carrier's mailbox.
    pub raw: Vec<u8>,
}

impl Request {
    /// The value of the first header of that name, unfolded; empty if there is none.
    pub fn header(&self, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.raw);
        let mut value: Option<String> = None;
        for line in text.lines().take_while(|line| !line.is_empty()) {
            match &mut value {
                Some(value) if line.starts_with([' ', '\t']) => value.push_str(&format!(" {}", line.trim())),
                Some(_) => break,
                None => {
                    value = line
                        .split_once(':')
                        .filter(|(n, _)| n.eq_ignore_ascii_case(name))
                        .map(|(_, v)| v.trim().to_owned());
                }
            }
        }
        value.unwrap_or_default()
    }

    /// Its Message-ID with the angle brackets.
    pub fn message_id(&self) -> String {
        self.header("Message-ID")
    }

    /// The addr-spec an answer goes to: Reply-To, else From.
    pub fn reply_to(&self) -> String {
        let field = Some(self.header("Reply-To")).filter(|v| !v.is_empty()).unwrap_or_else(|| self.header("From"));
        let inner = field.rsplit_once('<').map_or(field.as_str(), |(_, rest)| rest.trim_end_matches('>'));
        inner.trim().to_owned()
    }
}

/// An answer to be written; the plain one is proven, threaded and in UTF-8.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The text.
    pub body: String,
    /// Subject; `Re:` and the request's own if `None`.
    pub subject: Option<String>,
    /// The From address.
    pub from: String,
    /// The header that the holder's server would write: `pass`, `fail`, or none at all.
    pub dmarc: Option<&'static str>,
    /// Whether In-Reply-To and References are there.
    pub threaded: bool,
    /// Header lines to add, each ending in CRLF.
    pub extra_headers: String,
}

impl Answer {
    /// A proven, threaded answer by the carrier.
    pub fn saying(body: &str) -> Answer {
        Answer {
            body: body.to_owned(),
            subject: None,
            from: CARRIER.to_owned(),
            dmarc: Some("pass"),
            threaded: true,
            extra_headers: String::new(),
        }
    }

    /// The same claim from a server that proves nothing.
    pub fn forged(body: &str) -> Answer {
        Answer { dmarc: Some("fail"), ..Answer::saying(body) }
    }

    /// The bytes, as they reach the holder's mailbox. `number` makes the Message-ID unique.
    pub fn to_bytes(&self, request: &Request, number: usize) -> Vec<u8> {
        let mut text = String::new();
        let domain = self.from.rsplit('@').next().unwrap_or_default();
        if let Some(verdict) = self.dmarc {
            text.push_str(&format!(
                "Authentication-Results: {AUTHSERV_ID};\r\n dmarc={verdict} (p=REJECT) header.from={domain}\r\n"
            ));
        }
        let id = request.message_id();
        let subject = self.subject.clone().unwrap_or_else(|| format!("Re: {}", request.header("Subject")));
        text.push_str(&format!("From: Customer Care <{}>\r\nTo: {}\r\n", self.from, request.reply_to()));
        text.push_str(&format!("Subject: {subject}\r\nDate: {}\r\n", request.header("Date")));
        text.push_str(&format!("Message-ID: <answer-{number}-{}@{domain}>\r\n", std::process::id()));
        if self.threaded {
            let references = format!("{} {id}", request.header("References"));
            text.push_str(&format!("In-Reply-To: {id}\r\nReferences:"));
            // RFC 5322 §2.1.1: lines stay short.
            references.split_whitespace().for_each(|one| text.push_str(&format!("\r\n {one}")));
            text.push_str("\r\n");
        }
        text.push_str(&self.extra_headers);
        text.push_str(
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        );
        text.push_str(&self.body.replace("\r\n", "\n").replace('\n', "\r\n"));
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// The carrier's mailbox on a pair of servers.
pub struct Carrier<'a> {
    servers: &'a MailServers,
    address: String,
    answers: std::cell::Cell<usize>,
}

impl<'a> Carrier<'a> {
    /// The carrier at [`CARRIER`].
    pub fn at(servers: &'a MailServers) -> Carrier<'a> {
        Carrier::with_address(servers, CARRIER)
    }

    /// A carrier at another address, which must be a user of the servers.
    pub fn with_address(servers: &'a MailServers, address: &str) -> Carrier<'a> {
        Carrier { servers, address: address.to_owned(), answers: std::cell::Cell::new(0) }
    }

    /// All that came in so far, oldest first.
    pub fn received(&self) -> Vec<Request> {
        self.servers.mailbox(&self.address, "INBOX").into_iter().map(|raw| Request { raw }).collect()
    }

    /// Waits until at least `count` mails came in, and returns the `count`-th.
    pub fn wait_for(&self, count: usize) -> Request {
        let raw = self.servers.wait_for_mail(&self.address, "INBOX", count).swap_remove(count - 1);
        Request { raw }
    }

    /// Sends an answer into the INBOX of whoever wrote the request; returns its bytes.
    pub fn answer(&self, request: &Request, answer: &Answer) -> Vec<u8> {
        let raw = self.write(request, answer);
        self.servers.deliver_lmtp(&request.reply_to(), &raw);
        raw
    }

    /// Puts an answer into another folder of `user`, such as Junk; returns its bytes.
    pub fn answer_in_folder(&self, request: &Request, answer: &Answer, user: &str, folder: &str) -> Vec<u8> {
        let raw = self.write(request, answer);
        self.servers.put_in_folder(user, folder, &raw);
        raw
    }

    fn write(&self, request: &Request, answer: &Answer) -> Vec<u8> {
        self.answers.set(self.answers.get() + 1);
        answer.to_bytes(request, self.answers.get())
    }
}
