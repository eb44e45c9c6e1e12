//! Bounces that a sending service reports as JSON by mail (Amazon SES through SNS). Only the few values that a report
//! needs are looked for; the text may be wrapped or cut, so it is not parsed as a whole.

use super::status::{self, Code};
use crate::domain::address::{Address, MessageId};
use crate::domain::reply::{Bounce, BounceClass};

/// Whether the author is a service that writes such mail.
pub(super) fn is_service(from_domain: &str) -> bool {
    from_domain == "amazonaws.com" || from_domain.ends_with(".amazonaws.com")
}

/// Whether a mail is such a notification, of a bounce or of anything else.
pub(super) fn is_notification(from_domain: &str, text: &str) -> bool {
    is_service(from_domain) && text.trim_start().starts_with('{') && text.contains("otificationType")
}

/// Reads the notification; complaints and deliveries are no bounces.
pub(super) fn read(text: &str) -> Option<Bounce> {
    let kind = value(text, "notificationType")?;
    if kind != "Bounce" {
        return None;
    }
    let bounced = text.find("\"bouncedRecipients\"").and_then(|at| text.get(at..)).unwrap_or(text);
    let by_status = value(bounced, "status").and_then(status::field).and_then(Code::class);
    let by_type = match value(text, "bounceType") {
        Some("Transient") => BounceClass::Temporary,
        _ => BounceClass::Permanent,
    };
    let common = text.find("\"commonHeaders\"").and_then(|at| text.get(at..)).unwrap_or_default();
    Some(Bounce {
        class: by_status.unwrap_or(by_type),
        recipient: value(bounced, "emailAddress").and_then(|a| Address::parse(a).ok()),
        original: value(common, "messageId").and_then(MessageId::parse).filter(|id| id.as_str().contains('@')),
    })
}

/// The string that a key has where it first stands.
fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("\"{key}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounce_is_told_from_a_complaint() {
        let bounce = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Transient","bouncedRecipients":[{"emailAddress":"b@a.example","status":"4.2.2"}]},"mail":{"messageId":"x","commonHeaders":{"messageId":"<c.1@y.example>"}}}"#;
        let found = read(bounce);
        assert_eq!(found.as_ref().map(|b| b.class), Some(BounceClass::Temporary));
        assert_eq!(found.as_ref().and_then(|b| b.recipient.as_ref()).map(Address::as_str), Some("b@a.example"));
        assert_eq!(found.and_then(|b| b.original), MessageId::parse("c.1@y.example"));
        assert_eq!(read(&bounce.replace("\"Bounce\"", "\"Complaint\"")), None);
        assert!(is_notification("sns.amazonaws.com", bounce));
        assert!(!is_notification("amazonaws.com.a.example", bounce));
    }
}
