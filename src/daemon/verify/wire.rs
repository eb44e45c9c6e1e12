//! DNS messages (RFC 1035 §4): the question for text records, and the answer to it. No socket here.

use crate::mail::dkim::Answer;

/// Record type TXT.
const TXT: u16 = 16;
const CNAME: u16 = 5;
const SOA: u16 = 6;
/// Aliases that are followed within one answer.
const ALIASES_MAX: usize = 8;
/// Text records of one name that are kept, and bytes of each.
const TEXTS_MAX: usize = 10;
const TEXT_MAX: usize = 8 << 10;

/// What a reply says, and for how many seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// An answer.
    Says(Answer, u32),
    /// It was cut short: ask over TCP.
    Cut,
    /// It is not the answer to this question.
    Foreign,
}

/// The question for the text records of a name. `None` when it is no name.
pub(super) fn question(id: u16, name: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(name.len() + 32);
    out.extend_from_slice(&id.to_be_bytes());
    // Recursion desired; one question, one additional record.
    out.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|l| (1..=63).contains(l))?;
        out.push(length);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    if out.len() > 12 + 255 {
        return None;
    }
    out.extend_from_slice(&[0, 16, 0, 1]);
    // RFC 6891: datagrams of up to 1232 bytes are welcome, which cross every network whole.
    out.extend_from_slice(&[0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
    Some(out)
}

/// Reads the reply to [`question`].
pub(super) fn reply(id: u16, name: &str, raw: &[u8]) -> Reply {
    read(id, name, raw).unwrap_or(Reply::Foreign)
}

/// One record of an answer: owner, type, seconds, where its data begin, and the data.
type Record<'r> = (String, u16, u32, usize, &'r [u8]);

fn read(id: u16, name: &str, raw: &[u8]) -> Option<Reply> {
    let number = |at: usize| Some(u16::from_be_bytes([*raw.get(at)?, *raw.get(at + 1)?]));
    let flags = number(2)?;
    let (owner, after) = owner_at(raw, 12)?;
    let is_ours = number(0)? == id && flags & 0x8000 != 0 && number(4)? == 1 && owner.eq_ignore_ascii_case(name);
    if !is_ours || number(after)? != TXT || number(after + 2)? != 1 {
        return None;
    }
    if flags & 0x0200 != 0 {
        return Some(Reply::Cut);
    }
    let exists = match flags & 0x000f {
        0 => true,
        3 => false,
        _ => return Some(Reply::Says(Answer::Failed, 0)),
    };
    let mut at = after + 4;
    let mut answers = Vec::new();
    for _ in 0..number(6)?.min(200) {
        let (record, next) = record_at(raw, at)?;
        answers.push(record);
        at = next;
    }
    let mut seconds = u32::MAX;
    let mut wanted = name.to_ascii_lowercase();
    for _ in 0..ALIASES_MAX {
        let alias = answers.iter().find(|(owner, kind, ..)| *kind == CNAME && *owner == wanted);
        let Some((_, _, ttl, data_at, _)) = alias else { break };
        seconds = seconds.min(*ttl);
        wanted = owner_at(raw, *data_at)?.0;
    }
    let mut texts = Vec::new();
    for (_, _, ttl, _, data) in answers.iter().filter(|(owner, kind, ..)| *kind == TXT && *owner == wanted) {
        seconds = seconds.min(*ttl);
        if texts.len() < TEXTS_MAX {
            texts.push(strings(data)?);
        }
    }
    if exists && !texts.is_empty() {
        return Some(Reply::Says(Answer::Texts(texts), seconds));
    }
    // RFC 2308 §5: how long a "no" holds is said by the SOA record beside it.
    let mut no_for = 60;
    for _ in 0..number(8)?.min(20) {
        let Some((record, next)) = record_at(raw, at) else { break };
        let (_, kind, ttl, _, data) = record;
        if kind == SOA
            && let Some(tail) = data.len().checked_sub(4).and_then(|from| data.get(from..))
        {
            no_for = ttl.min(tail.iter().fold(0, |n, b| n << 8 | u32::from(*b)));
        }
        at = next;
    }
    Some(Reply::Says(Answer::Absent, no_for.min(seconds)))
}

/// A name, lower case, and where the bytes behind it begin. Pointers (RFC 1035 §4.1.4) lead backwards only, so no name is
/// endless.
fn owner_at(raw: &[u8], start: usize) -> Option<(String, usize)> {
    let mut out = String::new();
    let (mut at, mut limit, mut after) = (start, start, None);
    loop {
        let length = usize::from(*raw.get(at)?);
        match length {
            0 => return Some((out, after.unwrap_or(at + 1))),
            1..=63 => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.extend(raw.get(at + 1..at + 1 + length)?.iter().map(|b| char::from(b.to_ascii_lowercase())));
                at += 1 + length;
                if out.len() > 512 {
                    return None;
                }
            }
            192..=255 => {
                let target = (length & 0x3f) << 8 | usize::from(*raw.get(at + 1)?);
                after = after.or(Some(at + 2));
                if target >= limit {
                    return None;
                }
                (at, limit) = (target, target);
            }
            _ => return None,
        }
    }
}

fn record_at(raw: &[u8], at: usize) -> Option<(Record<'_>, usize)> {
    let (owner, after) = owner_at(raw, at)?;
    let head = raw.get(after..after + 10)?;
    let word = |i: usize| Some(u16::from_be_bytes([*head.get(i)?, *head.get(i + 1)?]));
    let ttl = u32::from(word(4)?) << 16 | u32::from(word(6)?);
    let data = raw.get(after + 10..after + 10 + usize::from(word(8)?))?;
    Some(((owner, word(0)?, ttl, after + 10, data), after + 10 + data.len()))
}

/// The strings of a text record, joined (RFC 6376 §3.6.2.2).
fn strings(mut data: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some((length, rest)) = data.split_first() {
        let length = usize::from(*length);
        bytes.extend_from_slice(rest.get(..length)?);
        data = rest.get(length..)?;
    }
    (bytes.len() <= TEXT_MAX).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// A reply with these records: owner (a pointer to the question when empty), type, data.
    fn made(flags: u16, answers: &[(&str, u16, Vec<u8>)], authority: &[(&str, u16, Vec<u8>)]) -> Vec<u8> {
        let mut raw = question(7, "a._domainkey.x.example").unwrap();
        raw.truncate(raw.len() - 11);
        raw[2..4].copy_from_slice(&(0x8180 | flags).to_be_bytes());
        raw[6..12].copy_from_slice(&[0, answers.len() as u8, 0, authority.len() as u8, 0, 0]);
        for (owner, kind, data) in answers.iter().chain(authority) {
            if owner.is_empty() {
                raw.extend_from_slice(&[0xc0, 12]);
            } else {
                raw.extend(named(owner));
            }
            raw.extend_from_slice(&kind.to_be_bytes());
            raw.extend_from_slice(&[0, 1, 0, 0, 1, 0]);
            raw.extend_from_slice(&(data.len() as u16).to_be_bytes());
            raw.extend_from_slice(data);
        }
        raw
    }

    fn named(name: &str) -> Vec<u8> {
        name.split('.').flat_map(|l| [&[l.len() as u8], l.as_bytes()].concat()).chain([0]).collect()
    }

    fn check(raw: &[u8], expected: Reply) {
        assert_eq!(reply(7, "a._domainkey.x.example", raw), expected);
    }

    #[test]
    fn answers_are_read_with_their_age() {
        let texts = |t: &[&str]| Answer::Texts(t.iter().map(|t| (*t).to_owned()).collect());
        check(&made(0, &[("", 16, b"\x02ab\x01c".to_vec())], &[]), Reply::Says(texts(&["abc"]), 256));
        let alias = [("", 5, named("k.host.example")), ("k.host.example", 16, b"\x01k".to_vec())];
        check(&made(0, &alias, &[]), Reply::Says(texts(&["k"]), 256));
        check(&made(0, &[("other.example", 16, b"\x01k".to_vec())], &[]), Reply::Says(Answer::Absent, 60));
        let soa = [named("ns.x.example"), named("me.x.example"), vec![0; 16], vec![0, 0, 0, 9]].concat();
        check(&made(3, &[], &[("x.example", 6, soa)]), Reply::Says(Answer::Absent, 9));
        check(&made(2, &[], &[]), Reply::Says(Answer::Failed, 0));
        check(&made(5, &[], &[]), Reply::Says(Answer::Failed, 0));
        check(&made(0x200, &[], &[]), Reply::Cut);
    }

    #[test]
    fn what_does_not_answer_the_question_is_foreign() {
        let good = made(0, &[("", 16, b"\x02ab".to_vec())], &[]);
        assert_eq!(reply(8, "a._domainkey.x.example", &good), Reply::Foreign);
        assert_eq!(reply(7, "b._domainkey.x.example", &good), Reply::Foreign);
        check(&question(7, "a._domainkey.x.example").unwrap(), Reply::Foreign);
        check(&made(0, &[("", 16, b"\x09ab".to_vec())], &[]), Reply::Foreign);
        for end in 0..good.len() {
            let _ = reply(7, "a._domainkey.x.example", &good[..end]);
        }
        // A name that points at itself.
        let mut endless = good.clone();
        let at = endless.len() - 15;
        endless[at..at + 2].copy_from_slice(&[0xc0, at as u8]);
        check(&endless, Reply::Foreign);
        assert_eq!(question(1, "a..example"), None);
        assert_eq!(question(1, &"a.".repeat(200)), None);
    }
}
