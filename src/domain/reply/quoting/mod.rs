//! The author's own words: quoted mail, its headline, the signature and legal notices taken off. Losing words of the
//! answer is worse than leaving a signature in, so every rule here needs a clear mark. Answers between quotes are kept.

mod headline;
mod signature;
// Tables are read by the line, not by the word.
#[rustfmt::skip]
mod words;

use headline::Start;

/// A text parted into what its author wrote and what it quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parted {
    /// The author's words.
    pub own: String,
    /// The rest.
    pub quoted: String,
}

/// Lines that are looked at; what stands below is quoted mail or no answer.
const LINES_MAX: usize = 20_000;

/// Parts a text.
#[must_use]
pub fn part(text: &str) -> Parted {
    let lines: Vec<&str> = text.lines().take(LINES_MAX).collect();
    let mut parting = Parting { lines: &lines, own: Vec::new(), quoted: Vec::new(), closed: None };
    parting.run();
    let own = signature::stripped(&parting.own);
    Parted { own: own.join("\n").trim_matches(['\n', ' ', '\t']).to_owned(), quoted: parting.quoted.join("\n") }
}

struct Parting<'l, 't> {
    lines: &'l [&'t str],
    own: Vec<&'t str>,
    quoted: Vec<&'t str>,
    /// Number of own lines at the last quote: the gap that it leaves is closed.
    closed: Option<usize>,
}

impl<'t> Parting<'_, 't> {
    fn run(&mut self) {
        let mut i = 0;
        while let Some(&line) = self.lines.get(i) {
            if self.is_quote(i) {
                self.quote(line.trim_start().trim_start_matches(['>', ' ', '|']));
                i += 1;
                continue;
            }
            if headline::is_reply_mark(line) {
                if self.has_own() {
                    return self.quote_from(i);
                }
                // At the top of a help desk's own mail: the answer stands below.
                i += 1;
                continue;
            }
            if let Some(at) = headline::shared_line(line, self.lines.get(i + 1..).unwrap_or_default()) {
                self.push(line[..at].trim_end());
                self.mark_gap();
                i += 1;
                continue;
            }
            match headline::start(self.lines, i) {
                Some(Start::Mail(_)) if self.has_own() => return self.quote_from(i),
                // A forwarded mail without a word of its own is read as a whole, without its header lines.
                Some(Start::Mail(length)) => {
                    i += length.max(1);
                    while self.lines.get(i).is_some_and(|l| is_header_line(l)) {
                        i += 1;
                    }
                    self.own.extend(self.lines.get(i..).unwrap_or_default());
                    return;
                }
                Some(Start::Headline(length)) => {
                    // With ">" answers may stand between the quotes; without it all that follows is quoted.
                    let next = (i + length..self.lines.len()).find(|j| !self.lines[*j].trim().is_empty());
                    if next.is_none_or(|j| self.is_quote(j)) {
                        self.mark_gap();
                        i += length;
                        continue;
                    }
                    if self.has_own() {
                        return self.quote_from(i);
                    }
                }
                None => {}
            }
            self.push(line);
            i += 1;
        }
    }

    fn has_own(&self) -> bool {
        self.own.iter().any(|l| l.chars().any(char::is_alphanumeric))
    }

    fn quote(&mut self, line: &'t str) {
        self.quoted.push(line);
        self.mark_gap();
    }

    fn mark_gap(&mut self) {
        self.closed = Some(self.own.len());
    }

    fn quote_from(&mut self, i: usize) {
        self.quoted.extend(self.lines.get(i..).unwrap_or_default());
    }

    fn push(&mut self, line: &'t str) {
        // One empty line is enough where a quote was taken out.
        let is_blank = line.trim().is_empty();
        if is_blank && self.closed == Some(self.own.len()) && self.own.last().is_none_or(|l| l.trim().is_empty()) {
            return;
        }
        self.own.push(line);
    }

    fn line(&self, i: usize) -> &'t str {
        self.lines.get(i).copied().unwrap_or_default()
    }

    /// Whether line `i` belongs to a quote.
    fn is_quote(&self, i: usize) -> bool {
        let line = self.line(i).trim_start();
        if line.starts_with('>') {
            let before = if i == 0 { "" } else { self.line(i - 1) };
            // The end of an address that was broken over two lines.
            let opened = before.rfind('<').is_some_and(|at| !before[at..].contains('>') && !before.starts_with('>'));
            let is_pointer = line.contains("<<<") && line.starts_with(">>>");
            return !opened && !is_pointer;
        }
        self.is_barred(i) || self.is_broken_quote(i)
    }

    /// Some programs quote with a bar. A table has bars at both ends.
    fn is_barred(&self, i: usize) -> bool {
        let barred = |line: &str| {
            let line = line.trim();
            line.starts_with("| ") && !line[1..].contains('|') || line == "|" || line.starts_with(">|")
        };
        barred(self.line(i)) && (barred(self.line(i + 1)) || i > 0 && barred(self.line(i - 1)))
    }

    /// The torn end of a long quoted line: `> a long line that goes`, `on`, `> further`.
    fn is_broken_quote(&self, i: usize) -> bool {
        if i == 0 {
            return false;
        }
        let (before, line, after) = (self.line(i - 1).trim(), self.line(i).trim(), self.line(i + 1).trim_start());
        before.starts_with('>')
            && after.starts_with('>')
            && before.chars().count() >= 66
            && !before.ends_with(['.', '?', '!', ':'])
            && !line.is_empty()
            && line.chars().count() <= 80
            && line.starts_with(char::is_lowercase)
    }
}

/// Whether a line is one of the header lines of a forwarded mail.
fn is_header_line(line: &str) -> bool {
    let bare = line.trim_matches(|c: char| c.is_whitespace() || c == '*');
    let label = bare.split_once([':', '：']).map(|(label, _)| label.trim().trim_matches('*').to_lowercase());
    label.is_some_and(|label| words::LABELS.iter().any(|set| set.contains(&label.as_str())))
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
        check("Fertig.\n\nAna <a@b.example> schrieb am Do., 12. Nov. 2026, 10:05:\n\nbitte", "Fertig.");
        check("Fait.\n\nLe 12 nov. 2026 à 10:05, Ana <a@b.example> a\nécrit :\n> svp", "Fait.");
        check("Fait.\n\nLe jeu. 12 nov. 2026 à 10:05, Ana\n<a@b.example>\na écrit :\n\nsvp", "Fait.");
        check("好了。\n\n张三 <a@b.example> 于2026年11月12日写道：\n> 请", "好了。");
        check("好了。\n\n2026年11月3日 10:05 张三 写道：\n请", "好了。");
        check("Готово.\n\n3 нояб. 2026 г., в 10:05, Ана <a@b.example> написал(а):\n\nпрошу", "Готово.");
        check("はい。\n\n2026年11月3日(火) 10:05 Ana <a@b.example>:\n\n解約", "はい。");
        check("Ok\n\n2026-11-12 10:05 GMT+01:00 Ana <a@b.example>:\n\nplease", "Ok");
        check("Ok\n\n---- On Thu, 12 Nov 2026 10:05:00 +0100 a@b.example wrote ----\n\nplease", "Ok");
        check("Ok\n\n-----Original Message-----\nFrom: x\nplease", "Ok");
        check("Ok\n\nOd: Ana <a@b.example>\nPoslato: 12.11.2026.\nZa: x@y.example\nPredmet: raskid\n\nmolim", "Ok");
        check("Ok\n\n*De :* Ana\n*Envoyé :* jeudi 12 novembre 2026 10:05\n*À :* Info\n*Objet :* Fin\n\nsvp", "Ok");
        check("Ok\n________________________________\nFrom: x@y.example\nSent: 12 November 2026\nTo: z", "Ok");
        check("Ok\n\nBegin forwarded message:\n\nFrom: x", "Ok");
    }

    #[test]
    fn answers_between_quotes_are_kept() {
        check("> is it ended?\nYes, it is.\n> when?\nYesterday.", "Yes, it is.\nYesterday.");
        check("On 1 Nov 2026, Ana wrote:\n> ended?\nYes.", "Yes.");
        check("On 1 Nov 2026, Ana wrote:\n\n> ended?\n\nYes.\n\n> when?\n\nOn Monday.", "Yes.\n\nOn Monday.");
    }

    #[test]
    fn words_of_the_answer_are_not_taken_for_a_headline() {
        for text in [
            "As our lawyer wrote in 2024:\nyou must pay.",
            "From: 1 December\nyour line is off",
            "Please note:\nthe line is off",
            "Ugovor važi\nOd: 01.11.2026.\nDo: 30.11.2026.\nPredmet: raskid\nNa snazi.",
            "Broj ugovora 123456:\nraskinut.",
            "Dear Ana,\n_____________________________\nyour line is off",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn a_forwarded_mail_is_read_as_a_whole() {
        check("---------- Forwarded message ---------\nFrom: x <x@y.example>\nDate: today\n\nIt is off.", "It is off.");
    }

    #[test]
    fn help_desk_marks_part_or_open_the_mail() {
        check("##- Please type your reply above this line -##\n\nIt is off.", "It is off.");
        check("Thanks.\n\n##- Please type your reply above this line -##\nold", "Thanks.");
    }

    #[test]
    fn signatures_and_notices_are_taken_off() {
        check("Yes\n-- \nAna\nSupport", "Yes");
        check("Your line is off.\n\nBest regards,\nAna Anić\nSupport\n+381 11 123 456", "Your line is off.");
        check("Linija je ugašena.\n\nS poštovanjem,\n\nKorisnička služba", "Linija je ugašena.");
        check("Off.\n\nSent from my iPhone", "Off.");
        check("Off.\n\nGet Outlook for iOS<https://aka.ms/x>", "Off.");
        check(
            "Off.\n\nThis e-mail and any attachments are confidential.\nIf you are not the intended recipient, delete it.",
            "Off.",
        );
        check("CAUTION: This email originated from outside of the organization.\n\nOff.", "Off.");
    }

    #[test]
    fn what_may_be_the_answer_is_left() {
        for text in [
            "Thanks,\nyour line is off since yesterday and nothing else is to be paid.",
            "Sent from my desk, is much easier than my mobile phone.",
            "Hvala na strpljenju.\nLinija je ugašena.",
            "We treat your data as confidential.\nThe line is off.",
            "Off.\n--\nDetails: the line was switched off on Monday.\nThe last bill follows by post next week.",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn hostile_lines_are_borne() {
        for line in [
            "On 1\n",
            "From: a\n",
            ">\n",
            "a wrote:\n",
            "--\n",
            "<\n>\n",
            "Regards,\n",
            "| a\n",
            "confidential and may be\n\n",
        ] {
            let _ = part(&line.repeat(20_000));
        }
    }
}
