//! The author's own words: quoted mail, its headline and the signature taken off. Losing words of the answer is
//! worse than leaving a signature in, so every rule here needs a clear mark. Answers between quotes are kept.

/// A text parted into what its author wrote and what it quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parted {
    /// The author's words.
    pub own: String,
    /// The rest.
    pub quoted: String,
}

/// Parts a text.
#[must_use]
pub fn part(text: &str) -> Parted {
    let lines: Vec<&str> = text.lines().collect();
    let mut parted = Parted::default();
    let mut own: Vec<&str> = Vec::new();
    let mut quoted: Vec<&str> = Vec::new();
    let mut i = 0;
    while let Some(line) = lines.get(i) {
        let trimmed = line.trim();
        if trimmed.starts_with('>') {
            quoted.push(trimmed.trim_start_matches(['>', ' ']));
            i += 1;
            continue;
        }
        if let Some(length) = attribution(&lines, i) {
            let rest = lines.get(i + length..).unwrap_or_default();
            let next = rest.iter().find(|l| !l.trim().is_empty());
            // With ">" answers may stand between the quotes; without it all that follows is quoted.
            if next.is_none_or(|l| l.trim_start().starts_with('>')) {
                i += length;
                continue;
            }
            if own.iter().any(|l| !l.trim().is_empty()) {
                quoted.extend(rest);
                break;
            }
        }
        if is_separator(trimmed) || is_header_block(&lines, i) {
            let rest = lines.get(i..).unwrap_or_default();
            // A forwarded mail without a word of its own is read as a whole.
            if own.iter().all(|l| l.trim().is_empty()) {
                own.extend(rest.iter().skip(1));
            } else {
                quoted.extend(rest);
            }
            break;
        }
        own.push(line);
        i += 1;
    }
    parted.own = without_signature(&own);
    parted.quoted = quoted.join("\n");
    parted
}

/// RFC 3676 §4.3: a line of two dashes and a space; the space often gets lost.
fn without_signature(lines: &[&str]) -> String {
    let cut = lines.iter().rposition(|l| *l == "-- " || l.trim_end() == "--");
    let kept = match cut {
        // A signature is short and does not stand first.
        Some(at) if at > 0 && lines.len() - at <= 15 => lines.get(..at).unwrap_or(lines),
        _ => lines,
    };
    kept.join("\n").trim().to_owned()
}

/// Verbs of "On … X wrote:" in the languages we know of, lower case.
const WROTE: &[&str] = &[
    "wrote",
    "writes",
    "napisao",
    "napisala",
    "napisao/la",
    "napisa",
    "pise",
    "piše",
    "је написао",
    "написао",
    "написала",
    "написао/ла",
    "пише",
    "schrieb",
    "geschrieben",
    "a écrit",
    "écrit",
    "ha scritto",
    "scritto",
    "escribió",
    "escribio",
    "escreveu",
    "пишет",
    "написал",
    "написал(а)",
    "написано",
    "写道",
    "寫道",
    "写到",
    "napisał",
    "napsal",
    "írta",
    "schreef",
    "skrev",
    "kirjoitti",
    "yazdı",
    "έγραψε",
    "a scris",
];

/// Lines taken by an attribution that begins at line `i`.
fn attribution(lines: &[&str], i: usize) -> Option<usize> {
    let mut joined = String::new();
    for length in 1..=3 {
        let line = lines.get(i + length - 1)?.trim();
        if line.is_empty() || line.starts_with('>') {
            return None;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(line);
        if joined.chars().count() > 250 {
            return None;
        }
        if line.ends_with([':', '：']) {
            return is_attribution(&joined, lines.get(i + length..).unwrap_or_default()).then_some(length);
        }
    }
    None
}

fn is_attribution(line: &str, rest: &[&str]) -> bool {
    let lower = line.to_lowercase();
    let body = lower.trim_end_matches([':', '：', ' ']);
    let says_wrote = WROTE.iter().any(|w| {
        body.split_whitespace().any(|x| x == *w) || body.ends_with(w) || (w.contains(' ') && body.contains(w))
    });
    let dated = body.chars().filter(char::is_ascii_digit).count() >= 6 || body.contains('@');
    let quotes_follow = rest.iter().find(|l| !l.trim().is_empty()).is_some_and(|l| l.trim_start().starts_with('>'));
    (says_wrote && (dated || quotes_follow)) || (quotes_follow && dated && body.contains('@'))
}

/// `-----Original Message-----` and its translations: dashes on both sides of a few words.
fn is_separator(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "original message",
        "original-nachricht",
        "originalna poruka",
        "izvorna poruka",
        "prvobitna poruka",
        "оригинална порука",
        "ursprüngliche nachricht",
        "originalnachricht",
        "message d'origine",
        "message original",
        "messaggio originale",
        "mensaje original",
        "исходное сообщение",
        "пересылаемое сообщение",
        "原始邮件",
        "原始郵件",
        "原邮件",
        "forwarded message",
        "weitergeleitete nachricht",
        "prosleđena poruka",
        "prosledjena poruka",
        "proslijeđena poruka",
        "message transféré",
        "messaggio inoltrato",
        "mensaje reenviado",
        "转发的邮件",
        "oryginalna wiadomość",
    ];
    let bare = line.trim_matches(|c: char| matches!(c, '-' | '_' | '—' | '–' | ' ' | '*' | '='));
    bare.len() + 4 <= line.len() && WORDS.iter().any(|w| bare.to_lowercase() == *w)
        || (line.len() >= 20 && line.chars().all(|c| c == '_'))
}

/// Outlook writes three or four header lines of the quoted mail without further mark.
fn is_header_block(lines: &[&str], i: usize) -> bool {
    const FROM: &[&str] = &[
        "from",
        "od",
        "од",
        "von",
        "de",
        "da",
        "от",
        "发件人",
        "寄件者",
        "寄件人",
        "van",
        "šalje",
        "salje",
        "pošiljalac",
        "expéditeur",
    ];
    const OTHER: &[&str] = &[
        "sent",
        "to",
        "subject",
        "date",
        "cc",
        "poslato",
        "poslano",
        "za",
        "kome",
        "prima",
        "predmet",
        "datum",
        "naslov",
        "tema",
        "послато",
        "за",
        "предмет",
        "датум",
        "коме",
        "gesendet",
        "an",
        "betreff",
        "envoyé",
        "à",
        "objet",
        "inviato",
        "a",
        "oggetto",
        "enviado",
        "el",
        "para",
        "asunto",
        "fecha",
        "отправлено",
        "кому",
        "тема",
        "дата",
        "发送时间",
        "收件人",
        "主题",
        "日期",
        "抄送",
        "寄件日期",
        "收件者",
        "主旨",
        "时间",
        "時間",
    ];
    let label = |line: &str| {
        let bare = line.trim().trim_matches('*');
        let (label, value) = bare.split_once([':', '：'])?;
        (!value.trim().is_empty() || bare.ends_with(':')).then(|| label.trim().trim_matches('*').to_lowercase())
    };
    let Some(first) = lines.get(i).and_then(|l| label(l)) else { return false };
    if !FROM.contains(&first.as_str()) {
        return false;
    }
    let next = lines.iter().skip(i + 1).filter(|l| !l.trim().is_empty()).take(4);
    next.filter_map(|l| label(l)).filter(|l| OTHER.contains(&l.as_str())).count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, own: &str) {
        assert_eq!(part(text).own, own, "{text}");
    }

    #[test]
    fn quotes_and_their_headlines_are_taken_off() {
        check("Done.\n\nOn 12 Nov 2026, Ana <a@b.example> wrote:\n> please", "Done.");
        check("Gotovo.\n\nDana 12.11.2026. u 10:05, Ana je napisala:\n\nmolim raskid", "Gotovo.");
        check("Готово.\n\nДана 12.11.2026. Ана је написала:\n> молим", "Готово.");
        check("Fertig.\n\nAm 12.11.2026 um 10:05 schrieb Ana:\n> bitte", "Fertig.");
        check("Fait.\n\nLe 12 nov. 2026 à 10:05, Ana <a@b.example> a\nécrit :\n> svp", "Fait.");
        check("好了。\n\n张三 <a@b.example> 于2026年11月12日写道：\n> 请", "好了。");
        check("Ok\n\n-----Original Message-----\nFrom: x\nplease", "Ok");
        check("Ok\n\nOd: Ana <a@b.example>\nPoslato: 12.11.2026.\nZa: x@y.example\nPredmet: raskid\n\nmolim", "Ok");
        check("Ok\n________________________________\nFrom: x", "Ok");
    }

    #[test]
    fn answers_between_quotes_are_kept() {
        check("> is it ended?\nYes, it is.\n> when?\nYesterday.", "Yes, it is.\nYesterday.");
        check("On 1 Nov 2026, Ana wrote:\n> ended?\nYes.", "Yes.");
    }

    #[test]
    fn words_of_the_answer_are_not_taken_for_a_headline() {
        check("As our lawyer wrote in 2024:\nyou must pay.", "As our lawyer wrote in 2024:\nyou must pay.");
        check("From: 1 December\nyour line is off", "From: 1 December\nyour line is off");
        check("Please note:\nthe line is off", "Please note:\nthe line is off");
        check("Yes\n-- \nAna\nSupport", "Yes");
    }
}
