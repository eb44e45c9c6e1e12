//! Text of a mail to folded tokens in sentences and clauses: case, script, diacritics and full-width forms gone,
//! dates and phone numbers one token each. Byte ranges lead back to the words as they were written.

use super::dates::{self, DateWords};
use crate::domain::Date;
use std::collections::HashMap;
use std::sync::LazyLock;
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
    if word.to_lowercase().starts_with("würd") {
        out.push_str("wuerd");
        word.chars().skip(4).for_each(|c| fold_char(c, &mut out));
        return out;
    }
    for c in word.chars().flat_map(char::to_lowercase).nfkd() {
        fold_char(c, &mut out);
    }
    out
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
            out.push(simplified(other));
            return;
        }
    };
    out.push_str(text);
}

/// Traditional characters that matter here, each followed by its simplified form.
const SIMPLIFIED: &str = "戶户號号碼码銷销終终門门請请電电話话訂订單单無无處处並并為为與与後后個个們们這这過过還还費费賬账帳账務务經经種种應应對对開开關关閉闭業业辦办據据資资證证件件護护簽签確确認认將将會会於于時时間间從从請请約约網网絡络線线機机獲获優优惠惠續续繳缴納纳餘余額额贈赠發发佈布麼么沒没來来嗎吗內内現现動动復复覆复執执備备註注冊册載载導导輸输轉转遷迁攜携帶带離离鐘钟點点裡里裏里誤误錯错傳传聯联繫系絕绝駁驳審审標标題题質质餽馈讓让歡欢節节聲声讀读寫写調调該该誰谁試试詢询說说謝谢買买賣卖滿满較较達达選选項项領领願愿顧顾預预類类顯显體体變变準准檔档乾干併并係系側侧僅仅價价儘尽償偿儲储兒儿兩两凍冻別别刪删則则剛刚劃划劉刘勁劲勞劳區区協协參参吗嗎吳吴吶呐呂吕員员問问啓启啟启喬乔喲哟嘍喽噠哒囑嘱國国圓圆報报場场塊块壽寿嬰婴孫孙寢寝實实寬宽寶宝專专尋寻屆届屬属崗岗師师幫帮幾几庫库廢废廳厅張张彙汇徹彻悅悦愛爱態态慮虑懇恳懷怀戲戏捨舍掃扫掛挂採采換换撥拨擁拥擇择擊击擬拟攔拦敗败數数斷断暫暂曬晒書书東东條条棄弃楊杨樂乐樣样檯台櫃柜權权歷历歸归殺杀殼壳氣气決决況况注註淨净減减測测湯汤溫温滅灭滯滞煩烦熱热營营爭争爲为狀状獎奖環环產产畢毕畫画異异當当疊叠監监盤盘盧卢眾众礙碍祕秘禮礼稱称積积穩稳筆笔範范籤签紅红紙纸級级細细結结給给統统綁绑維维編编總总繼继纔才纖纤罰罚羅罗義义聽听脫脱臉脸臨临臺台興兴舊旧茲兹萬万葉叶蓋盖蔣蒋蕭萧蘇苏衆众補补裝装複复覈核見见規规視视親亲計计訊讯訓训訖讫託托記记訪访設设許许訴诉詐诈評评詳详語语説说諒谅論论諮咨謂谓講讲謠谣謹谨識识譚谭議议貴贵貸贷貼贴賀贺賃赁賈贾賠赔賴赖購购趙赵輯辑連连週周進进遊游運运違违遞递遠远適适遲迟遺遗邊边郵邮鄒邹鄧邓鄭郑鄰邻釋释鈴铃銀银錄录錢钱錶表鍾钟鎖锁鑑鉴销銷閣阁閱阅閲阅閻阎门門陳陈陸陆隊队際际隨随險险隱隐雖虽雙双難难雲云靚靓靜静韓韩響响頁页頂顶順顺須须頭头頻频風风颱台饋馈馬马馮冯驗验驟骤髮发黃黄齊齐龍龙龔龚丟丢偉伟匯汇幣币憑凭搵揾擔担檢检毀毁盡尽紀纪組组藍蓝製制覺觉負负貨货責责賞赏軌轨長长飽饱";

fn simplified(c: char) -> char {
    if !('\u{4e00}'..='\u{9fff}').contains(&c) {
        return c;
    }
    static TABLE: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
        let all: Vec<char> = SIMPLIFIED.chars().collect();
        all.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    });
    TABLE.get(&c).copied().unwrap_or(c)
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
    let raw = scan(source);
    let cut = raw.len() >= TOKENS_MAX;
    let raw = super::numbers::merge_phones(dates::merge(raw, words, today), source);
    Text { cut, ..arrange(source, raw, breaks_clause) }
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
    "approx", "eur", "ul", "god", "mm", "mme", "m", "num", "n", "art", "e", "i",
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
