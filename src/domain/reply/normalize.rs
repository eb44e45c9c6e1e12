//! Text of a mail to folded tokens in sentences and clauses: case, script, diacritics and full-width forms gone,
//! dates and phone numbers one token each. Byte ranges lead back to the words as they were written.

use super::dates::{self, DateWords};
use crate::domain::Date;
use unicode_normalization::UnicodeNormalization;

/// Tokens that are read of one text; what stands behind them is left out.
pub const TOKENS_MAX: usize = 6_000;

/// Tokens of one sentence; longer ones are cut, so that reading stays linear on hostile mail.
const SENTENCE_MAX: usize = 300;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKind {
    /// A folded word, or one CJK character.
    Word,
    /// Digits, perhaps with a decimal part.
    Number,
    /// A calendar day.
    Date(Date),
    /// A phone number; its digits are the text.
    Phone,
    /// The visible end of a masked number (`****567`); its digits are the text.
    MaskedTail,
    /// Punctuation or a line end; only inside [`scan`].
    Mark(char),
}

/// A token with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Folded text.
    pub text: String,
    /// What it is.
    pub kind: TokenKind,
    /// First byte in the source.
    pub start: usize,
    /// Byte behind the last in the source.
    pub end: usize,
    /// Index into [`Text::sentences`].
    pub sentence: usize,
    /// Number of the clause, counted over the whole text.
    pub clause: usize,
}

/// A sentence: a range of tokens and how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// Index of its first token.
    pub first: usize,
    /// Index behind its last token.
    pub last: usize,
    /// It ends in a question mark.
    pub asks: bool,
}

/// A text, tokenised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The text as written.
    pub source: String,
    /// Its tokens without marks.
    pub tokens: Vec<Token>,
    /// Its sentences.
    pub sentences: Vec<Sentence>,
    /// It was longer than is read.
    pub cut: bool,
}

impl Text {
    /// The words of a token range as they stand in the source.
    #[must_use]
    pub fn words(&self, first: usize, last: usize) -> &str {
        let start = self.tokens.get(first).map_or(0, |t| t.start);
        let end = self.tokens.get(last.saturating_sub(1)).map_or(start, |t| t.end);
        self.source.get(start..end.max(start)).unwrap_or_default()
    }
}

/// Folds one word as the lexicon and the tokens are folded: lower case, Cyrillic to Latin by the Serbian
/// alphabet (Russian letters beside it), no diacritics, no full-width forms, simplified Chinese.
#[must_use]
pub fn fold(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    if word.is_ascii() {
        out.push_str(word);
        out.make_ascii_lowercase();
        return out;
    }
    // The one German pair that only its diacritic tells apart, and that decides: "wurde" was, "würde" would be.
    if word.starts_with(['w', 'W']) && word.to_lowercase().starts_with("würd") {
        out.push_str("wuerd");
        word.chars().skip(4).for_each(|c| fold_char(c, &mut out));
        return out;
    }
    // Nor may "sí" and "sì" (yes) become "si" (if).
    if matches!(word, "sí" | "Sí" | "SÍ" | "sì" | "Sì" | "SÌ") {
        return "sii".to_owned();
    }
    if word.chars().flat_map(char::to_lowercase).all(|c| fold_plain(c, &mut out)) {
        return out;
    }
    out.clear();
    for c in word.chars().flat_map(char::to_lowercase).nfkd() {
        fold_char(c, &mut out);
    }
    out
}

/// Folds a lower-case letter of those that mails are full of, without the tables of Unicode; `false` for any other.
fn fold_plain(c: char, out: &mut String) -> bool {
    let base = match c {
        '\0'..='\x7f' => c,
        'à'..='å' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        'š' => 's',
        'ž' => 'z',
        // These letters are made up of no others.
        'đ' | 'ß' | 'а'..='и' | 'к'..='я' | 'ђ' | 'ј'..='ћ' | 'џ' | '\u{4e00}'..='\u{9fff}' => {
            fold_char(c, out);
            return true;
        }
        _ => return false,
    };
    out.push(base);
    true
}

fn fold_char(c: char, out: &mut String) {
    let text = match c {
        '\u{300}'..='\u{36f}' => "",
        'đ' | 'ђ' => "dj",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'ı' => "i",
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' => "d",
        'е' | 'э' | 'є' => "e",
        'ж' | 'з' => "z",
        'и' | 'і' => "i",
        'ј' => "j",
        'к' => "k",
        'л' => "l",
        'љ' => "lj",
        'м' => "m",
        'н' => "n",
        'њ' => "nj",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' | 'ш' => "s",
        'т' => "t",
        'ћ' | 'ц' | 'ч' => "c",
        'у' => "u",
        'ф' => "f",
        'х' => "h",
        'џ' => "dz",
        'щ' => "sc",
        'ы' => "y",
        'ю' => "ju",
        'я' => "ja",
        'ъ' => "",
        // "Расторгнуть" is to end, "расторгнут" has ended.
        'ь' => "j",
        other => {
            out.push(super::simplified::simplified(other));
            return;
        }
    };
    out.push_str(text);
}

/// Whether words of this character are written without spaces between them.
#[must_use]
pub fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{3040}'..='\u{30ff}' | '\u{f900}'..='\u{faff}')
}

/// Splits a word list or a pattern as a text is split: spaces, and each CJK character by itself.
#[must_use]
pub fn split_words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for piece in text.split_whitespace() {
        let mut word = String::new();
        for c in piece.chars() {
            if is_cjk(c) {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
                out.push(c.to_string());
            } else {
                word.push(c);
            }
        }
        if !word.is_empty() {
            out.push(word);
        }
    }
    out
}

/// Tokenises a text. `today` gives days without a year their year; `breaks_clause` says which folded words
/// (and, but ...) open a new clause.
#[must_use]
pub fn tokenise(source: &str, words: &dyn DateWords, today: Date, breaks_clause: &dyn Fn(&str) -> bool) -> Text {
    Scanned::of(source, words, today).arranged(breaks_clause)
}

/// A text in tokens that are not parted into sentences and clauses yet: for that its language must be known.
#[derive(Debug, Clone)]
pub struct Scanned<'s> {
    /// The text as written.
    pub source: &'s str,
    raw: Vec<Token>,
    cut: bool,
}

impl<'s> Scanned<'s> {
    /// Scans a text, as [`tokenise`] does.
    #[must_use]
    pub fn of(source: &'s str, words: &dyn DateWords, today: Date) -> Self {
        let raw = scan(source);
        let cut = raw.len() >= TOKENS_MAX;
        Self { source, raw: super::numbers::merge_phones(dates::merge(raw, words, today), source), cut }
    }

    /// Its folded words, numbers and dates.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.raw.iter().filter(|t| !matches!(t.kind, TokenKind::Mark(_))).map(|t| t.text.as_str())
    }

    /// Its sentences and clauses.
    #[must_use]
    pub fn arranged(self, breaks_clause: &dyn Fn(&str) -> bool) -> Text {
        Text { cut: self.cut, ..arrange(self.source, self.raw, breaks_clause) }
    }
}

/// Words, numbers, single CJK characters and marks, in order.
fn scan(source: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut chars = source.char_indices().peekable();
    let token = |text: String, kind, start, end| Token { text, kind, start, end, sentence: 0, clause: 0 };
    while let Some((start, c)) = chars.next() {
        if out.len() >= TOKENS_MAX {
            break;
        }
        if c == '\n' || !(c.is_whitespace() || c.is_alphanumeric()) {
            out.push(token(String::new(), TokenKind::Mark(c), start, start + c.len_utf8()));
            continue;
        }
        if c.is_whitespace() {
            continue;
        }
        if is_cjk(c) {
            out.push(token(fold(&c.to_string()), TokenKind::Word, start, start + c.len_utf8()));
            continue;
        }
        let is_number = c.is_numeric();
        let mut end = start + c.len_utf8();
        while let Some((at, next)) = chars.peek().copied() {
            let goes_on = if is_number {
                next.is_numeric()
            } else {
                next.is_alphabetic() && !is_cjk(next) || is_joiner(source, at, next)
            };
            if !goes_on || end - start > 100 {
                break;
            }
            end = at + next.len_utf8();
            chars.next();
        }
        let folded = fold(&source[start..end]).replace(['\'', '\u{2019}', '`'], "");
        out.push(token(folded, if is_number { TokenKind::Number } else { TokenKind::Word }, start, end));
    }
    out
}

/// An apostrophe inside an English contraction (`can't`), or a combining mark; an elided article (`l'abonnement`)
/// stays a word of its own.
fn is_joiner(source: &str, at: usize, c: char) -> bool {
    if matches!(c, '\u{300}'..='\u{36f}') {
        return true;
    }
    if !matches!(c, '\'' | '\u{2019}' | '`') {
        return false;
    }
    let rest = source[at..].chars().skip(1).take(3).collect::<String>().to_lowercase();
    ["t", "s", "d", "m", "ve", "ll", "re"]
        .iter()
        .any(|suffix| rest.strip_prefix(suffix).is_some_and(|after| !after.starts_with(char::is_alphabetic)))
}

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] = &[
    "br", "tel", "mob", "g", "gdin", "gdja", "gosp", "sl", "str", "cl", "st", "nr", "hr", "fr", "dr", "mr", "mrs",
    "ms", "no", "nos", "ca", "z", "b", "bzw", "tj", "npr", "itd", "din", "sig", "sra", "ref", "inc", "ltd", "co", "vs",
    "approx", "eur", "ul", "god", "mm", "mme", "m", "num", "n", "art", "e", "i", "p", "pp", "d", "t", "abs", "abz",
    "gl", "al", "tac", "ust", "ziff", "sog", "inkl", "zzgl", "gem", "attn", "dept", "ext", "sec", "avda", "av", "tlf",
    "ecc", "sen", "sr", "srta", "dna", "ugl",
];

/// Drops the marks and numbers sentences and clauses.
fn arrange(source: &str, raw: Vec<Token>, breaks_clause: &dyn Fn(&str) -> bool) -> Text {
    let mut text = Text { source: source.to_owned(), ..Text::default() };
    let mut first = 0;
    let mut clause = 0;
    let mut clause_first = 0;
    for i in 0..raw.len() {
        let Some(token) = raw.get(i) else { break };
        let TokenKind::Mark(mark) = token.kind else {
            // A word such as "and" opens a clause, unless the one before it has hardly begun.
            if text.tokens.len() > clause_first + 2 && breaks_clause(&token.text) {
                clause += 1;
                clause_first = text.tokens.len();
            }
            let mut token = token.clone();
            (token.sentence, token.clause) = (text.sentences.len(), clause);
            let sentence_end = matches!(token.kind, TokenKind::Date(_))
                && source[token.start..token.end].ends_with('.')
                && starts_upper(source, token.end);
            text.tokens.push(token);
            if sentence_end || text.tokens.len() - first >= SENTENCE_MAX {
                close(&mut text, &mut first, false);
                clause += 1;
                clause_first = text.tokens.len();
            }
            continue;
        };
        let ends = match mark {
            '!' | '?' | '。' | '！' | '？' | '…' => true,
            '.' => ends_sentence(source, &raw, i),
            '\n' => line_ends_sentence(source, token.start),
            '•' | '|' | '│' => true,
            _ => false,
        };
        if ends {
            close(&mut text, &mut first, matches!(mark, '?' | '？'));
        }
        if (ends || is_clause_mark(source, token, mark)) && text.tokens.len() > clause_first {
            clause += 1;
            clause_first = text.tokens.len();
        }
    }
    close(&mut text, &mut first, false);
    text
}

fn close(text: &mut Text, first: &mut usize, asks: bool) {
    if text.tokens.len() > *first {
        text.sentences.push(Sentence { first: *first, last: text.tokens.len(), asks });
        *first = text.tokens.len();
    } else if asks && let Some(last) = text.sentences.last_mut() {
        // "Really?!" and "…?" still ask.
        last.asks = true;
    }
}

fn is_clause_mark(source: &str, token: &Token, mark: char) -> bool {
    match mark {
        ',' | ';' | ':' | '(' | ')' | '，' | '；' | '：' | '、' | '（' | '）' | '–' | '—' => true,
        // A hyphen between spaces is a dash.
        '-' => source[..token.start].ends_with(' ') && source[token.end..].starts_with(' '),
        _ => false,
    }
}

/// Whether the next letter is upper case or belongs to a script without case.
fn starts_upper(source: &str, at: usize) -> bool {
    source[at..].chars().find(|c| c.is_alphanumeric()).is_none_or(|c| !c.is_lowercase() && !c.is_numeric())
}

fn ends_sentence(source: &str, raw: &[Token], i: usize) -> bool {
    let Some(mark) = raw.get(i) else { return true };
    let next = source[mark.end..].chars().next();
    if next.is_some_and(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | ')' | '”' | '»')) {
        return next.is_some_and(|c| c == '.' || is_cjk(c));
    }
    let Some(before) = i.checked_sub(1).and_then(|b| raw.get(b)) else { return true };
    match before.kind {
        TokenKind::Word => !ABBREVIATIONS.contains(&before.text.as_str()),
        TokenKind::Number => starts_upper(source, mark.end),
        _ => true,
    }
}

/// A line end parts sentences unless the line was only wrapped.
fn line_ends_sentence(source: &str, at: usize) -> bool {
    let before = source[..at].rsplit('\n').next().unwrap_or_default();
    let after = source[at + 1..].split('\n').next().unwrap_or_default();
    if before.trim().is_empty() || after.trim().is_empty() {
        return true;
    }
    let starts_new = after.trim_start().starts_with(|c: char| !c.is_alphanumeric() && !"(\"„“'".contains(c));
    starts_new || (before.chars().count() < 50 && starts_upper(source, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    struct November;

    impl DateWords for November {
        fn month(&self, word: &str) -> Option<u32> {
            (word == "november").then_some(11)
        }

        fn phrase(&self, _: &[&str]) -> Option<(usize, dates::DayPhrase)> {
            None
        }

        fn weekday(&self, _: &str) -> Option<chrono::Weekday> {
            None
        }

        fn announces(&self, _: &str) -> bool {
            false
        }
    }

    fn text(source: &str) -> Text {
        let today = NaiveDate::from_ymd_opt(2026, 11, 10).unwrap_or_default();
        tokenise(source, &November, today, &|w| w == "and")
    }

    fn sentences(source: &str, expected: &[&str]) {
        let text = text(source);
        let found: Vec<&str> = text.sentences.iter().map(|s| text.words(s.first, s.last)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn traditional_characters_fold_into_simplified_ones_and_those_into_themselves() {
        for (traditional, simplified) in [("註銷", "注销"), ("門號", "门号"), ("銷戶", "销户"), ("嗎", "吗")]
        {
            assert_eq!(fold(traditional), simplified);
            assert_eq!(fold(simplified), simplified);
        }
    }

    #[test]
    fn yes_is_not_if() {
        assert_ne!(fold("Sí"), fold("si"));
        assert_eq!(fold("sì"), fold("Sì"));
    }

    #[test]
    fn three_spellings_of_serbian_fold_into_one() {
        for word in ["Раскинут", "raskinut", "RASKINUT"] {
            assert_eq!(fold(word), "raskinut");
        }
        assert_eq!(fold("Пријављено"), fold("Prijavljeno"));
        assert_eq!(fold("ŠĐĆČŽ"), "sdjccz");
        assert_eq!(fold("銷戶"), "销户");
        assert_eq!(fold("ＡＢ１"), "ab1");
    }

    #[test]
    fn letters_fold_alike_with_and_without_the_tables_of_unicode() {
        for c in ('\0'..='\u{ffff}').filter(|c| c.to_lowercase().eq([*c])) {
            let (mut plain, mut full) = (String::new(), String::new());
            if fold_plain(c, &mut plain) {
                c.nfkd().for_each(|c| fold_char(c, &mut full));
                assert_eq!(plain, full, "{c}");
            }
        }
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        sentences("Ugovor br. 5 je ok. Hvala! Da?", &["Ugovor br. 5 je ok", "Hvala", "Da"]);
        sentences("ended on 15.11.2026. Bye", &["ended on 15.11.2026.", "Bye"]);
        sentences("prestao je 14.11.2026. i vise nije", &["prestao je 14.11.2026. i vise nije"]);
        sentences("see a.example/b for 10.50 now", &["see a.example/b for 10.50 now"]);
        sentences("销户了。谢谢", &["销户了", "谢谢"]);
        sentences(
            "Dear Anna\nthe line that was wrapped here because it is so very long\nis closed",
            &["Dear Anna\nthe line that was wrapped here because it is so very long\nis closed"],
        );
    }

    #[test]
    fn contractions_are_one_word_and_elisions_two() {
        let words = |s: &str| text(s).tokens.iter().map(|t| t.text.clone()).collect::<Vec<_>>();
        assert_eq!(words("can\u{2019}t it'll"), ["cant", "itll"]);
        assert_eq!(words("l'abonnement d'identité"), ["l", "abonnement", "d", "identite"]);
    }

    #[test]
    fn a_question_is_seen() {
        assert!(text("Is it closed?").sentences.first().is_some_and(|s| s.asks));
    }
}
