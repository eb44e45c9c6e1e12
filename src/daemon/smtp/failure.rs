//! What a refused submission means for the next attempt, and how it is told without giving anything away.
//! The one place where SMTP reply codes are judged; pure. Used by `smtp` and by the sendmail delivery.

use crate::domain::event::FailureClass;

/// Longest reason kept, in characters.
const REASON_CHARS_MAX: usize = 200;

/// The step of the dialogue that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Greeting and EHLO.
    Greeting,
    /// STARTTLS.
    Starttls,
    /// AUTH.
    Auth,
    /// MAIL FROM: our own address.
    Mail,
    /// RCPT TO: the carrier's address.
    Rcpt,
    /// DATA, before the content.
    Data,
    /// The content, after the final dot.
    Content,
}

impl Stage {
    /// The word for it in a reason.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Greeting => "the connection",
            Self::Starttls => "STARTTLS",
            Self::Auth => "the login",
            Self::Mail => "MAIL FROM",
            Self::Rcpt => "RCPT TO",
            Self::Data => "DATA",
            Self::Content => "the mail itself",
        }
    }
}

/// An enhanced status code (RFC 3463): class, subject, detail.
pub type Enhanced = (u16, u16, u16);

/// Judges a refusal. Unknown means transient, and transient is bounded by whoever retries.
#[must_use]
pub fn classify_failure(stage: Stage, code: Option<u16>, enhanced: Option<Enhanced>) -> FailureClass {
    use FailureClass::{Account, Permanent, Transient};
    let Some(code) = code.filter(|code| (500..600).contains(code)) else {
        return Transient;
    };
    match (stage, code, enhanced) {
        // RFC 4954 §6: no login, login refused, mechanism too weak, encryption required.
        (_, 530 | 534 | 535 | 538, _) => Account,
        // RFC 3463 X.4.5: congestion. Large hosts say so when a sending quota is used up, with a 5.
        (_, _, Some((5, 4, 5))) => Transient,
        // A greeting of 5xx may be a maintenance page or a block list; neither speaks of this mail.
        (Stage::Greeting, _, _) => Transient,
        (Stage::Starttls | Stage::Auth, _, _) => Account,
        // RFC 3463 X.7.0 and RFC 4954 X.7.8: who we are; X.7.60: not allowed to send as this sender.
        (_, _, Some((5, 7, 0 | 8 | 60))) => Account,
        // RFC 3463 X.3.4, RFC 1870 §6.1: too big, here and anywhere.
        (Stage::Mail, 552 | 523, _) | (Stage::Mail, _, Some((5, 3, 4))) => Permanent,
        (Stage::Mail, _, _) => Account,
        // RFC 3463 X.1.7, X.1.8: the sender's address, judged late.
        (Stage::Rcpt | Stage::Data | Stage::Content, _, Some((5, 1, 7 | 8))) => Account,
        // "Relay access denied": the server did not take us for its user.
        (Stage::Rcpt, 554, Some((5, 7, 1))) => Account,
        (Stage::Rcpt | Stage::Data | Stage::Content, _, _) => Permanent,
    }
}

/// The enhanced status code at the start of a reply text.
#[must_use]
pub fn enhanced_of(text: &str) -> Option<Enhanced> {
    let mut parts = text.split_whitespace().next()?.splitn(3, '.');
    let mut number = || parts.next().filter(|p| (1..=3).contains(&p.len()))?.parse().ok();
    Some((number()?, number()?, number()?))
}

/// A foreign text fit for the journal: one line, no control characters, no addresses, no long numbers,
/// none of `secrets`, at most 200 characters.
#[must_use]
pub fn told(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|s| !s.is_empty()) {
        text = text.replace(secret.as_str(), "***");
    }
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_whitespace() || c.is_control() || "<>\"'(),;:[]".contains(c) {
            out.push_str(if word.contains('@') { "***" } else { &word });
            word.clear();
            out.push(if c.is_whitespace() || c.is_control() { ' ' } else { c });
        } else {
            word.push(c);
        }
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    without_numbers(&words.join(" ")).chars().take(REASON_CHARS_MAX).collect()
}

/// Without runs of digits that could be a phone or card number (ITU-T E.164: up to 15 digits; 7 and less is no line).
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().map(Some).chain([None]) {
        if let Some(digit) = c.filter(char::is_ascii_digit) {
            digits.push(digit);
            continue;
        }
        out.push_str(if digits.len() >= 8 { "***" } else { &digits });
        digits.clear();
        out.extend(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureClass::{Account, Permanent, Transient};

    #[test]
    fn every_refusal_has_its_class() {
        let check = |stage: Stage, text: &str, expected: FailureClass| {
            let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
            let class = classify_failure(stage, code.parse().ok(), enhanced_of(rest));
            assert_eq!(class, expected, "{stage:?} {text}");
        };
        check(Stage::Greeting, "421 busy", Transient);
        check(Stage::Greeting, "554 5.7.1 blocked", Transient);
        check(Stage::Greeting, "not a code", Transient);
        check(Stage::Starttls, "454 4.7.0 later", Transient);
        check(Stage::Starttls, "502 5.5.1 no", Account);
        check(Stage::Auth, "454 4.7.0 later", Transient);
        check(Stage::Auth, "535 5.7.8 wrong", Account);
        check(Stage::Auth, "534 5.7.9 app password", Account);
        check(Stage::Auth, "504 5.5.4 mechanism", Account);
        check(Stage::Auth, "421 bye", Transient);
        check(Stage::Mail, "451 4.3.0 later", Transient);
        check(Stage::Mail, "452 4.3.1 full", Transient);
        check(Stage::Mail, "530 5.7.0 login first", Account);
        check(Stage::Mail, "553 5.7.1 not yours", Account);
        check(Stage::Mail, "550 no", Account);
        check(Stage::Mail, "552 5.3.4 too big", Permanent);
        check(Stage::Mail, "523 too big", Permanent);
        check(Stage::Mail, "500 5.3.4 too big", Permanent);
        check(Stage::Rcpt, "450 4.2.0 greylisted", Transient);
        check(Stage::Rcpt, "452 4.5.3 too many", Transient);
        check(Stage::Rcpt, "550 5.1.1 unknown", Permanent);
        check(Stage::Rcpt, "550", Permanent);
        check(Stage::Rcpt, "550 5.7.1 refused by policy", Permanent);
        check(Stage::Rcpt, "554 5.7.1 relay access denied", Account);
        check(Stage::Rcpt, "550 5.7.0 login first", Account);
        check(Stage::Rcpt, "550 5.7.8 login first", Account);
        check(Stage::Rcpt, "530 login first", Account);
        check(Stage::Rcpt, "553 5.1.8 sender", Account);
        check(Stage::Data, "451 later", Transient);
        check(Stage::Data, "554 5.5.1 no valid recipients", Permanent);
        check(Stage::Content, "452 4.3.1 full", Transient);
        check(Stage::Content, "421 going down", Transient);
        check(Stage::Content, "550 5.4.5 daily limit", Transient);
        check(Stage::Content, "554 5.7.60 send as", Account);
        check(Stage::Content, "554 5.7.1 spam", Permanent);
        check(Stage::Content, "552 5.3.4 too big", Permanent);
    }

    #[test]
    fn a_reason_gives_nothing_away() {
        let check = |text: &str, expected: &str| {
            assert_eq!(told(text, &["s3cret".into(), String::new()]), expected);
        };
        check("5.1.1 <li.wei@x.example>: unknown", "5.1.1 <***>: unknown");
        check("li.wei@x.example\r\nis\tunknown\u{7}", "*** is unknown");
        check("RCPT TO:<a@b> said s3cret", "RCPT TO:<***> said ***");
        check("554 5.7.1 text +381601234567 refused", "554 5.7.1 text +*** refused");
        check("", "");
        assert_eq!(told(&"x".repeat(900), &[]).len(), 200);
    }
}
