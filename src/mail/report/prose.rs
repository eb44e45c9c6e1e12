//! Reports in words: what mail systems that write no RFC 3464 part say, in many languages, as data.
//! Who may be believed to be a mail system is decided by the module above.

use super::status;
use crate::domain::reply::BounceClass;

/// How sure a phrase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// A person may say it too.
    Plain,
    /// Only mail systems write it.
    Strong,
}

/// What the words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Surest phrase.
    pub weight: Weight,
    /// Somebody keeps trying.
    pub still_trying: bool,
    /// Where the surest phrase stands, in bytes of the folded text.
    pub at: usize,
}

/// Characters of a report that are searched for phrases.
const HEAD_MAX: usize = 6_000;

/// Lower case, one kind of apostrophe, white space folded: phrases run over line ends.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(HEAD_MAX * 2));
    for c in text.chars().take(HEAD_MAX) {
        match c {
            '\u{2019}' | '\u{2018}' | '`' | '\u{b4}' => out.push('\''),
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Reads folded words of a report.
pub(super) fn read(folded: &str) -> Option<Found> {
    let still_trying = STILL_TRYING.iter().any(|p| folded.contains(p)) && !GIVEN_UP.iter().any(|p| folded.contains(p));
    let hit = |phrases: &[&str]| phrases.iter().filter_map(|p| folded.find(p)).min();
    let (weight, at) = match hit(STRONG) {
        Some(at) => (Weight::Strong, at),
        None => match hit(PLAIN) {
            Some(at) => (Weight::Plain, at),
            None if still_trying => (Weight::Plain, hit(STILL_TRYING)?),
            None => return None,
        },
    };
    Some(Found { weight, still_trying, at })
}

/// Whether a subject is that of a report.
pub(super) fn subject(folded: &str) -> Option<usize> {
    SUBJECTS.iter().filter_map(|p| folded.find(p)).min()
}

/// Class of a report in words: still trying, else its code, else what an undelivered mail is: lost. A full mailbox
/// without a code is permanent too, since the mail was returned and nobody tries again.
pub(super) fn class(found: Option<Found>, subject: &str, folded: &str) -> BounceClass {
    let delayed = found.is_some_and(|f| f.still_trying) || DELAY_SUBJECTS.iter().any(|s| subject.contains(s));
    if delayed {
        return BounceClass::Temporary;
    }
    if let Some(class) = status::any(folded) {
        return class;
    }
    if EXPIRED.iter().any(|p| folded.contains(p)) { BounceClass::Temporary } else { BounceClass::Permanent }
}

/// Whether the words are those of somebody who is away or wants to be asked first: no report whoever sent it.
pub(super) fn is_other_machine(folded: &str) -> bool {
    ABSENCE_OR_CHALLENGE.iter().any(|p| folded.contains(p))
}

const ABSENCE_OR_CHALLENGE: &[&str] = &[
    "out of the office",
    "out of office",
    "on vacation",
    "on holiday",
    "i am away",
    "i'm away",
    "maternity leave",
    "waitlisted",
    "guest list",
    "confirm that you are a human",
    "added to the recipient's allowed list",
    "protected by bluebottle",
    "click on the following link to have your address",
    "to release your message",
    "requires verification of your address",
    "this is a challenge",
    "prove that you are",
    "nicht im büro",
    "nicht im hause",
    "abwesend",
    "je suis absent",
    "actuellement absent",
    "fuera de la oficina",
    "fuori ufficio",
    "godišnjem odmoru",
    "годишњем одмору",
    "в отпуске",
    "休假",
];

const STILL_TRYING: &[&str] = &[
    "will keep trying",
    "will be retried",
    "will be tried again",
    "will retry",
    "will be re-attempted",
    "still being retried",
    "still trying to deliver",
    "being retried",
    "has not yet been delivered",
    "has not been delivered yet",
    "not yet been able to deliver",
    "no action is required on your part",
    "delivery attempts will continue",
    "attempts will continue",
    "continue to attempt delivery",
    "continue to try to deliver",
    "continue trying to deliver",
    "we will continue to try",
    "will try to deliver",
    "you do not need to resend",
    "do not need to resend your message",
    "this is a warning message only",
    "this is only a warning",
    "is just a warning",
    "advisory-only",
    "temporarily deferred",
    "has been delayed",
    "have been delayed",
    "is delayed",
    "was delayed",
    "has been postponed",
    "delivery delayed",
    "queued and will",
    "is still in the queue",
    "remains in the queue",
    "message has been frozen",
    "has been frozen by",
    "was frozen on arrival",
    "wird weiter versucht",
    "wird weiterhin versucht",
    "zustellung wird verzögert",
    "nouvelles tentatives",
    "se seguirá intentando",
    "seguirá intentando",
    "verranno effettuati altri tentativi",
    "попытки доставки будут",
    "попытки доставить",
    "pokušaji isporuke će se nastaviti",
    "系统将继续尝试",
    "将继续尝试",
    "稍后重试",
    "再送を試み",
    "配信を継続",
];

const GIVEN_UP: &[&str] = &[
    "i've given up",
    "giving up",
    "has given up",
    "no further attempts",
    "no further delivery attempts",
    "will no longer be retried",
    "not going to try again",
    "permanent fatal errors",
    "permanent failure",
    "has been returned",
    "retry timeout exceeded",
];

const EXPIRED: &[&str] = &[
    "retry timeout exceeded",
    "retry time not reached",
    "have been failing for a long time",
    "message expired",
    "delivery time expired",
    "queue.expired",
    "has expired",
    "in the queue too long",
    "could not deliver for the last",
];

const DELAY_SUBJECTS: &[&str] = &[
    "(delay)",
    "delivery delayed",
    "message delayed",
    "delayed mail",
    "delayed:",
    "warning: message",
    "warning: could not send message for past",
    "delivery incomplete",
    "mail delivery warning",
    "still being retried",
    "zustellung verzögert",
    "verzögerte zustellung",
    "remise différée",
    "entrega retrasada",
    "доставка отложена",
    "延迟",
    "延遲",
];

/// Only mail systems write these.
const STRONG: &[&str] = &[
    // qmail and its children
    "this is the qmail-send program",
    "this is the deliver program",
    "this is the mail delivery agent",
    "this is the mail delivery program",
    "this is the machine generated message from mail service",
    "the mta program at",
    "i'm afraid i wasn't able to deliver",
    "i wasn't able to deliver your message",
    "wasn't able to deliver the following message",
    "does not like recipient",
    "remote host said:",
    // Exim, Postfix, Sendmail, Courier, OpenSMTPD, DragonFly
    "created automatically by mail delivery",
    "automated message created by mail delivery software",
    "a message that you sent could not be delivered",
    "a message that you have sent could not be delivered",
    "rejected by the local scanning code",
    "this is the mail system at host",
    "this is the postfix program at host",
    "i'm sorry to have to inform you that your message could not",
    "sorry to have to inform you that the message returned",
    "the original message was received at",
    "had permanent fatal errors",
    "had transient non-fatal errors",
    "had delivery errors",
    "had delivery problems",
    "had permanent delivery errors",
    "had permanent fatal delivery errors",
    "transcript of session follows",
    "this is a delivery status notification",
    "an automatically generated delivery status notification",
    "automatically generated delivery status notification",
    "delivery status notification from",
    "undelivered mail returned to sender",
    "undeliverable mail returned",
    "this is the mailer daemon",
    "this is the mail-daemon",
    "this is the dragonfly mail agent",
    "there was an error delivering your mail to",
    "did not like our rcpt",
    "message from the mail delivery system",
    "unsent message follows",
    "error-for:",
    "router encountered the following error",
    "errors in forwarding or filtering",
    "error(s) in forwarding",
    // Exchange, Office 365, Outlook.com
    "did not reach the following recipient",
    "did not reach the following destinations",
    "delivery has failed to these recipients",
    "delivery to the following recipients failed",
    "delivery to the following recipients has been delayed",
    "delivery to these recipients or",
    "diagnostic information for administrators",
    "generating server:",
    "your message did not reach some or all of the intended recipients",
    "your message wasn't delivered",
    "your message couldn't be delivered",
    "couldn't be delivered to",
    "wasn't delivered to",
    "the e-mail system was unable to deliver the message",
    "resolver.adr.",
    // Gmail, Yahoo, AOL and other mailbox hosts
    "delivery to the following recipient failed",
    "delivery to the following recipient has been delayed",
    "technical details of permanent failure",
    "technical details of temporary failure",
    "wasn't delivered to the following",
    "there was a problem delivering your message",
    "unable to deliver message to the following address",
    "sorry, we were unable to deliver your message",
    "was unable to deliver your message to the following",
    "not able to deliver your message to the following address",
    "your mail to the following recipients could not be delivered",
    "we had trouble delivering your message",
    "the following recipients returned permanent errors",
    "the following message to <",
    "there's a problem with the e-mail address(es) you're trying to send to",
    "your mail message to the following address(es) could not be delivered",
    "this is a delivery failure notification message",
    "your mail was not delivered to the following address",
    "your mail sent on:",
    "your mail attempted to be delivered on:",
    // Gateways and servers
    "error has occurred while attempting to deliver",
    "an error occurred while trying to deliver the mail to the following",
    "the message was not relayed to",
    "this nondelivery report was generated",
    "error message below: 5",
    "error message below: 4",
    "error: invalid user address",
    "automatic bounce notification",
    "an email you sent was rejected",
    "was blocked by our spam firewall",
    "rejected your message to the following",
    "your message has been rejected by",
    "non-delivery report",
    "message from interscan",
    "mailenable: message could not be delivered",
    "message delivery has failed",
    "the following addresses did not receive",
    "did not receive a copy of your message",
    "the following recipients did not receive",
    "recipients were affected",
    "following recipient(s) could not be reached",
    "following recipients could not be reached",
    "your message cannot be delivered to the following recipients",
    "your message was automatically rejected",
    "was automatically rejected:",
    "message was undeliverable due to the following reason",
    "message that you sent was undeliverable",
    "the message that you sent was undeliverable to the following",
    "could not be delivered to the following",
    "could not be delivered to one or more",
    "cannot be delivered to the following",
    "was not delivered to the following",
    "message not delivered to the following",
    "not be delivered to the following recipients",
    "could not deliver message to the following",
    "could not deliver your message to the following",
    "failed addresses follow",
    "failed recipients ---",
    "failed recipient:",
    "no valid recipients were found",
    "not listed in domino directory",
    "not listed in public name & address book",
    "failure reasons",
    "invalid final delivery userid",
    "undeliverable to ",
    "undeliverable  to ",
    "delivery failed 20 attempts",
    "user mailbox exceeds allowed size",
    "unknown user: ",
    "rcpt to generated following response",
    "returned because it encountered an error while being processed",
    "delivery of email to this address",
    "your message has encountered delivery problems",
    "your message was not delivered to",
    "a transcript of the attempts to send the message follows",
    "your message has not been delivered",
    "has not been delivered to the intended recipient",
    "the following message, addressed to",
    "the email below could not be delivered",
    "message could not be delivered to mobile",
    "the user(s) account is",
    "each of the following recipients was rejected",
    "that's not a valid user here",
    "server message 5",
    "error detail (phquery",
    "unable to deliver message to",
    "unable to deliver mail",
    "the mail server for the recipient domain",
    "returned to sender because",
    "x.400",
    "non-delivery notification",
    "non delivery notification",
    // Other languages
    "votre message n'a pas pu être délivré",
    "votre message n'a pas pu être remis",
    "votre message n'a pas pu etre delivre",
    "votre message n'a pas pu être distribué",
    "n'a pas pu être remis aux destinataires",
    "échec de la remise",
    "n'a pas été remis",
    "ihre nachricht konnte nicht zugestellt werden",
    "nachricht konnte nicht zugestellt werden",
    "konnte nicht an folgende",
    "konnte an folgende empfänger nicht zugestellt",
    "konnte nicht an die folgenden",
    "fehler bei der nachrichtenzustellung",
    "fehler beim zustellen",
    "su mensaje no pudo ser entregado",
    "no se pudo entregar el mensaje",
    "no se ha podido entregar",
    "no se pudo entregar a",
    "error de entrega",
    "a sua mensagem não pôde ser entregue",
    "sua mensagem nao pode ser enviada",
    "não foi possível entregar",
    "impossibile recapitare il messaggio",
    "recapito non riuscito",
    "il recapito a questi destinatari",
    "não foi entregue a",
    "error al entregar",
    "no pudo entregarse",
    "il messaggio non è stato recapitato",
    "non è stato possibile recapitare",
    "сообщение создано автоматически",
    "письмо создано автоматически сервером",
    "невозможно доставить сообщение",
    "не может быть доставлено",
    "не удалось доставить",
    "не было доставлено",
    "письмо не доставлено",
    "vaša poruka nije isporučena",
    "vasa poruka nije isporucena",
    "poruka nije mogla biti isporučena",
    "poruka nije mogla biti dostavljena",
    "isporuka poruke nije uspela",
    "isporuka poruke nije uspjela",
    "порука није испоручена",
    "порука није могла бити испоручена",
    "nie można dostarczyć wiadomości",
    "wiadomość nie została dostarczona",
    "uw bericht kon niet worden afgeleverd",
    "邮件无法发送到",
    "邮件无法投递",
    "您的邮件无法",
    "无法送达",
    "无法投递到",
    "投递失败",
    "退信原因",
    "退回的邮件",
    "系统退信",
    "信件投递失败",
    "郵件無法傳送",
    "郵件無法遞送",
    "无法将邮件",
    "被退回",
    "送信できませんでした",
    "配信できませんでした",
    "メッセージを配信できません",
    "送信に失敗しました",
    "配信に失敗しました",
    "お届けできませんでした",
    "宛先不明",
];

/// A person may say these too: they count only from a mail system.
const PLAIN: &[&str] = &[
    "could not be delivered",
    "couldn't be delivered",
    "can not be delivered",
    "cannot be delivered",
    "was not delivered",
    "has not been delivered",
    "not delivered",
    "could not be sent",
    "unable to deliver",
    "not able to deliver",
    "undeliverable",
    "undelivered",
    "delivery failed",
    "delivery failure",
    "delivery error",
    "delivery has failed",
    "delivery problem",
    "failed to deliver",
    "failed to send",
    "returned mail",
    "address not found",
    "address couldn't be found",
    "user unknown",
    "unknown user",
    "user not known",
    "user not found",
    "no such user",
    "no such address",
    "no such recipient",
    "recipient unknown",
    "unknown recipient",
    "invalid recipient",
    "recipient not found",
    "not recognized",
    "unknown address",
    "unknown host",
    "host unknown",
    "host not found",
    "domain not found",
    "does not exist",
    "doesn't exist",
    "not a valid user",
    "no longer valid",
    "no longer in use",
    "mailbox unavailable",
    "mailbox not found",
    "no mailbox",
    "mailbox is full",
    "mailbox full",
    "mailfolder is full",
    "full mailbox",
    "mailbox is over",
    "over quota",
    "quota exceeded",
    "exceeding their quota",
    "exceeded storage",
    "quota violation",
    "did not exactly match an",
    "relaying denied",
    "relay access denied",
    "address rejected",
    "recipient rejected",
    "message rejected",
    "message was rejected",
    "has been rejected",
    "was rejected",
    "mail rejected",
    "permanent error",
    "permanent failure",
    "fatal error",
    "delivery status notification",
    "too many hops",
    "mail loop",
    "loop alert",
    "not member",
    "you are not a member of this mailing list",
    "account has been disabled",
    "account is disabled",
    "not accepting mail",
    "postponed",
    "deferred",
    "nicht zugestellt",
    "unzustellbar",
    "non remis",
    "non distribuable",
    "no entregado",
    "non recapitato",
    "недоставк",
    "недоставлен",
    "nije isporučen",
    "nije dostavljen",
    "nedostavljen",
    "退信",
    "無法送達",
    "不能投递",
    "エラー",
];

/// Subjects of reports, folded.
const SUBJECTS: &[&str] = &[
    "undeliver",
    "delivery failure",
    "delivery failed",
    "failed delivery",
    "failure delivery",
    "delivery has failed",
    "delivery status",
    "bounce notification",
    "message you sent blocked",
    "delivery notification",
    "delivery error",
    "delivery problem",
    "delivery report",
    "delivery warning",
    "delivery incomplete",
    "delivery delayed",
    "delayed:",
    "returned mail",
    "returned to sender",
    "returning message to sender",
    "returning to sender",
    "failure notice",
    "failure notification",
    "failed mail",
    "mail failure",
    "mail failed",
    "mail error",
    "mail system error",
    "mail not delivered",
    "message not delivered",
    "non-delivery",
    "nondeliverable",
    "non delivery",
    "not be delivered",
    "not delivered",
    "error during delivery",
    "error sending your mail",
    "processing error",
    "warning: message",
    "warning: could not send",
    "message status - undeliverable",
    "user unknown",
    "rejected mail",
    "message frozen",
    "unzustellbar",
    "nicht zustellbar",
    "zustellung fehlgeschlagen",
    "zustellungsfehler",
    "non remis",
    "non distribu",
    "échec de la remise",
    "no se puede entregar",
    "no entregado",
    "error de entrega",
    "mancato recapito",
    "non recapitabile",
    "não entreg",
    "недоставлен",
    "не доставлен",
    "nije isporučen",
    "neisporučen",
    "退信",
    "邮件投递失败",
    "投递失败",
    "未送达",
    "無法傳遞",
    "メールエラー",
    "エラー通知",
    "配信不能",
    "配信失敗",
    "送信エラー",
    "配信に失敗",
    "配信できません",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(text: &str) -> BounceClass {
        let folded = folded(text);
        class(read(&folded), "", &folded)
    }

    #[test]
    fn who_keeps_trying_reports_a_delay_and_who_gave_up_does_not() {
        let check = |text: &str, expected: BounceClass| assert_eq!(class_of(text), expected, "{text}");
        check(
            "Your message has not yet been delivered. Delivery attempts will continue. 5.1.1",
            BounceClass::Temporary,
        );
        check("This is a permanent error; I've given up. (#5.1.1)", BounceClass::Permanent);
        check("Your message was delayed. This is a permanent failure, no further attempts", BounceClass::Permanent);
        check("The mailbox is full", BounceClass::Permanent);
        check("452 4.2.2 The mailbox is full", BounceClass::Temporary);
        check("b@a.example: retry timeout exceeded", BounceClass::Temporary);
    }

    #[test]
    fn phrases_run_over_line_ends_and_know_every_apostrophe() {
        let found =
            read(&folded("I\u{2019}m sorry to have to inform\n  you that your message could not\nbe delivered"));
        assert_eq!(found.map(|f| f.weight), Some(Weight::Strong));
        assert_eq!(read(&folded("we got your mail")), None);
    }
}
