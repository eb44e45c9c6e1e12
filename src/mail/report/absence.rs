//! Whether a mail is an absence notice or another answer that a machine sends for a person, by header, subject and
//! words together. It only helps where the words say nothing else: what a notice confirms or asks is read as ever.

use super::prose::folded;
use crate::domain::reply::message::MachineMarks;

/// Subjects that programs write, folded, at the very beginning: behind "Re:" a person is answering one.
const SUBJECTS: &[&str] = &[
    "out of office",
    "out of the office",
    "out-of-office",
    "ooo:",
    "automatic reply",
    "automatic response",
    "automated reply",
    "automated response",
    "automatic message",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "autoresponder",
    "auto:",
    "vacation",
    "away from my mail",
    "away message",
    "on vacation",
    "i am away",
    "abwesenheit",
    "abwesend",
    "automatische antwort",
    "automatische rückantwort",
    "automatisch antwoord",
    "automatisch beantwoord",
    "afwezig",
    "réponse automatique",
    "reponse automatique",
    "absence du bureau",
    "absent du bureau",
    "message d'absence",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "fuera de oficina",
    "risposta automatica",
    "fuori ufficio",
    "fuori sede",
    "resposta automática",
    "resposta automatica",
    "autosvar",
    "automatisk svar",
    "automatiskt svar",
    "frånvaro",
    "fravær",
    "automaattinen vastaus",
    "poissa",
    "automatyczna odpowied",
    "automatická odpov",
    "automatikus válasz",
    "automatski odgovor",
    "automatski odziv",
    "аутоматски одговор",
    "odsutnost",
    "odsustvo",
    "одсуство",
    "автоответ",
    "автоматический ответ",
    "авто-ответ",
    "автоматична відповідь",
    "otomatik yanıt",
    "自动回复",
    "自動回覆",
    "自动答复",
    "自動回復",
    "外出自动回复",
    "自動返信",
    "自動応答",
    "不在",
    "부재중",
    "자동 회신",
];

/// The same, where programs put them in brackets behind or before our subject.
const BRACKETED: &[&str] = &[
    "(automatic response)",
    "(automatic reply)",
    "(auto response)",
    "(auto-reply)",
    "[auto-reply]",
    "[autoreply]",
    "[auto reply]",
    "[automatic reply]",
    "[automatyczna odpowied",
    "[out of office]",
    "(out of office)",
    "is out of the office",
    "is out of office",
];

/// Words of absence or of a machine that answers, folded.
const WORDS: &[&str] = &[
    "out of the office",
    "out of office",
    "out of town",
    "away from the office",
    "away from my",
    "i am away",
    "i'm away",
    "i will be away",
    "i'll be away",
    "be on vacation",
    "am on vacation",
    "am currently on",
    "on annual leave",
    "on holiday",
    "on maternity",
    "on parental",
    "on paternity",
    "sick leave",
    "currently away",
    "not in the office",
    "return to the office",
    "back in the office",
    "be back on",
    "returning on",
    "no longer with the company",
    "no longer works",
    "no longer employed",
    "has left the company",
    "limited access to e-mail",
    "limited access to email",
    "limited e-mail access",
    "automatic reply",
    "automated reply",
    "am on leave",
    "ich bin zurzeit nicht",
    "ich bin derzeit nicht",
    "je suis absent",
    "actuellement absent",
    "serai absent",
    "estoy ausente",
    "estarei ausente",
    "я отсутствую",
    "буду отсутствовать",
    "我正在出差",
    "目前出差",
    "automated response",
    "automatic response",
    "auto-reply",
    "autoreply",
    "auto-response",
    "autoresponder",
    "vacation message",
    "only notification you will receive",
    "when i return",
    "upon my return",
    "on my return",
    "nicht im büro",
    "nicht im hause",
    "nicht im haus",
    "bin ich wieder",
    "im urlaub",
    "in urlaub",
    "abwesend",
    "abwesenheit",
    "elternzeit",
    "mutterschutz",
    "wird nicht weitergeleitet",
    "en congé",
    "en congés",
    "en vacances",
    "de retour le",
    "mon retour",
    "fuera de la oficina",
    "de vacaciones",
    "estaré ausente",
    "fuori ufficio",
    "in ferie",
    "sono assente",
    "sarò assente",
    "em férias",
    "de férias",
    "estou ausente",
    "afwezig",
    "met vakantie",
    "op vakantie",
    "på semester",
    "på ferie",
    "lomalla",
    "na urlopie",
    "poza biurem",
    "mimo kancelář",
    "na dovolené",
    "szabadság",
    "godišnjem odmoru",
    "godisnjem odmoru",
    "na odmoru",
    "na bolovanju",
    "odsutan",
    "odsutna",
    "odsotn",
    "van kancelarije",
    "годишњем одмору",
    "одсутан",
    "одсутна",
    "в отпуске",
    "в командировке",
    "у відпустці",
    "izinde",
    "atvaļinājum",
    "atostog",
    "puhkusel",
    "休假",
    "不在办公室",
    "不在辦公室",
    "自动回复",
    "自動回覆",
    "不在にして",
    "休暇",
    "自動返信",
    "부재",
    "휴가",
];

/// Words of a guard that wants to be asked before it lets a mail through, folded.
const CHALLENGES: &[&str] = &[
    "has been waitlisted",
    "guest list",
    "prove that you are a human",
    "prove that you are human",
    "confirm that you are a human",
    "confirm you are human",
    "verify that you are a human",
    "you are not a spammer",
    "added to the recipient's allowed list",
    "added to my allowed list",
    "added to my list of approved senders",
    "approved sender list",
    "challenge-response",
    "challenge/response",
    "protected by bluebottle",
    "mailbox is protected by",
    "spam arrest",
    "your server requires confirmation",
    "sender verification is required",
    "message will be delivered once you",
    "message will not be delivered until you",
    "your message is being held until",
    "da niste robot",
    "dass sie kein spam",
    "que vous n'êtes pas un robot",
    "что вы не робот",
    "что вы не спамер",
];

/// Whether the mail is the question of a guard that holds ours back: only a person can answer it.
#[must_use]
pub fn is_challenge(text: &str) -> bool {
    let head: String = text.chars().take(1_500).collect();
    let head = folded(&head);
    CHALLENGES.iter().any(|c| head.contains(c))
}

/// Whether the mail is such a notice. `text` is its visible text.
#[must_use]
pub fn is_notice(subject: &str, text: &str, marks: &MachineMarks) -> bool {
    let subject = folded(subject);
    let subject = subject.trim_start();
    let by_subject = SUBJECTS.iter().any(|s| subject.starts_with(s)) || BRACKETED.iter().any(|s| subject.contains(s));
    if by_subject {
        return true;
    }
    let by_header = marks.auto_response
        || marks.null_reverse_path
        || marks.auto_submitted.as_deref().is_some_and(|word| word.starts_with("auto-replied"));
    let head: String = text.chars().take(1_500).collect();
    by_header && {
        let head = folded(&head);
        WORDS.iter().any(|w| head.contains(w))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(subject: &str, text: &str, marks: &MachineMarks, expected: bool) {
        assert_eq!(is_notice(subject, text, marks), expected, "{subject} / {text}");
    }

    #[test]
    fn header_and_words_make_a_notice_and_neither_does_alone() {
        let person = MachineMarks::default();
        let machine = MachineMarks { auto_submitted: Some("auto-replied".into()), ..MachineMarks::default() };
        check("Re: Kündigung", "Ich bin bis 3. Dezember im Urlaub.", &machine, true);
        check("Re: Kündigung", "Ich bin bis 3. Dezember im Urlaub.", &person, false);
        check("Re: Kündigung", "Ihr Vertrag endet am 30. November.", &machine, false);
    }

    #[test]
    fn the_subject_of_a_program_is_not_that_of_an_answer_to_it() {
        let person = MachineMarks::default();
        check("Automatic reply: cancellation", "", &person, true);
        check("自动回复: 取消", "", &person, true);
        check("Re: Automatic reply: cancellation", "It is done now.", &person, false);
    }
}
