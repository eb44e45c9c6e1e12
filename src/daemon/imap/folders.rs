//! Which folders to watch: what the server lists and marks, what folders are usually called, what the holder
//! configured; and folder names between Unicode and the line (modified UTF-7). Opens no folder.

use super::base64;
use super::connection::quote;
use super::error::{Fault, ImapError};
use super::reply::Reply;
use super::session::ImapSession;

/// What a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// New mail.
    Inbox,
    /// What the server takes for spam.
    Junk,
    /// Copies of what the holder sent.
    Sent,
}

/// A folder that is there and can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// What it is for.
    pub role: Role,
    /// Its name as people read it; the name it is stored under.
    pub name: String,
    /// Its name on the line.
    pub(super) wire: String,
}

impl Folder {
    /// The folder called `name` by people.
    #[must_use]
    pub fn named(role: Role, name: &str) -> Self {
        Self { role, name: name.to_owned(), wire: encode_name(name) }
    }
}

/// Folders the config names; `None` means found by mark or usual name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderWishes {
    /// Instead of INBOX.
    pub inbox: Option<String>,
    /// The junk folder.
    pub junk: Option<String>,
    /// The folder of sent mail.
    pub sent: Option<String>,
}

/// The folders of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// New mail.
    pub inbox: Folder,
    /// Spam, where there is such a folder.
    pub junk: Option<Folder>,
    /// Sent mail, where there is such a folder.
    pub sent: Option<Folder>,
}

impl Folders {
    /// All of them, INBOX last: IDLE then goes on where the last look was.
    pub(super) fn inbox_last(&self) -> impl Iterator<Item = &Folder> {
        self.junk.iter().chain(&self.sent).chain([&self.inbox])
    }
}

/// One line of LIST.
#[derive(Debug, Clone)]
struct Listed {
    name: String,
    wire: String,
    /// Last part of the name, lower case.
    leaf: String,
    selectable: bool,
    marks: Vec<Role>,
}

/// Usual names where the server marks nothing, in order of preference; compared by the last part of the name.
const JUNK_NAMES: &[&str] = &[
    "junk",
    "spam",
    "junk e-mail",
    "junk email",
    "junk mail",
    "bulk mail",
    "bulk",
    "neželjeno",
    "neželjena pošta",
    "nezeljena posta",
    "непожељно",
    "нежељена пошта",
    "нежељено",
    "垃圾邮件",
    "垃圾郵件",
    "pourriel",
    "courrier indésirable",
    "indésirables",
    "correo no deseado",
    "posta indesiderata",
    "niechciane",
    "спам",
    "нежелательная почта",
];
const SENT_NAMES: &[&str] = &[
    "sent",
    "sent items",
    "sent mail",
    "sent messages",
    "sent-mail",
    "poslato",
    "poslate",
    "poslana pošta",
    "poslane poruke",
    "poslata pošta",
    "послато",
    "послате",
    "послата пошта",
    "已发送",
    "已发送邮件",
    "寄件備份",
    "已傳送",
    "gesendet",
    "gesendete objekte",
    "gesendete elemente",
    "envoyés",
    "messages envoyés",
    "éléments envoyés",
    "enviados",
    "elementos enviados",
    "posta inviata",
    "wysłane",
    "отправленные",
];

/// Finds the folders to watch.
///
/// # Errors
/// [`Fault::NoFolder`] when a configured folder is not there (the text lists those that are); what
/// [`ImapSession::exec`] gives.
pub async fn discover(session: &mut ImapSession, wishes: &FolderWishes) -> Result<Folders, ImapError> {
    let listed = list(session).await?;
    let inbox = match &wishes.inbox {
        Some(name) => wished(&listed, Role::Inbox, name)?,
        None => Folder::named(Role::Inbox, "INBOX"),
    };
    let junk = choose(&listed, Role::Junk, wishes.junk.as_deref(), JUNK_NAMES)?;
    let sent = choose(&listed, Role::Sent, wishes.sent.as_deref(), SENT_NAMES)?;
    Ok(Folders { inbox, junk, sent })
}

async fn list(session: &mut ImapSession) -> Result<Vec<Listed>, ImapError> {
    // RFC 6154 §5.2: some servers mark special folders in a plain LIST, others only when asked.
    let extended = session.offers("SPECIAL-USE") && session.offers("LIST-EXTENDED");
    let answer = if extended {
        match session.exec("LIST \"\" \"*\" RETURN (SPECIAL-USE)").await {
            Err(e) if e.fault == Fault::Refused => session.exec("LIST \"\" \"*\"").await?,
            other => other?,
        }
    } else {
        session.exec("LIST \"\" \"*\"").await?
    };
    let mut out = Vec::new();
    for response in &answer {
        let Reply::List(data) = response else { continue };
        let name = decode_name(&data.wire).unwrap_or_else(|| data.wire.clone());
        let leaf = match data.delimiter.as_deref() {
            Some(d) if !d.is_empty() => name.rsplit(d).next().unwrap_or(&name).to_lowercase(),
            _ => name.to_lowercase(),
        };
        let marks = [(data.is_junk, Role::Junk), (data.is_sent, Role::Sent)];
        out.push(Listed {
            selectable: data.selectable,
            marks: marks.into_iter().filter(|(is, _)| *is).map(|(_, role)| role).collect(),
            leaf,
            wire: data.wire.clone(),
            name,
        });
    }
    Ok(out)
}

fn choose(listed: &[Listed], role: Role, wish: Option<&str>, usual: &[&str]) -> Result<Option<Folder>, ImapError> {
    if let Some(name) = wish {
        return wished(listed, role, name).map(Some);
    }
    let there = || listed.iter().filter(|l| l.selectable);
    let marked = there().find(|l| l.marks.contains(&role));
    let named = || usual.iter().find_map(|u| there().find(|l| l.leaf == *u));
    Ok(marked.or_else(named).map(|l| folder(role, l)))
}

fn wished(listed: &[Listed], role: Role, name: &str) -> Result<Folder, ImapError> {
    let same = |l: &&Listed| l.name == name || (l.name == "INBOX" && name.eq_ignore_ascii_case("INBOX"));
    if let Some(found) = listed.iter().filter(|l| l.selectable).find(same) {
        return Ok(folder(role, found));
    }
    let printable = |t: &str| t.chars().filter(|c| !c.is_control()).take(60).collect::<String>();
    let mut names: Vec<_> =
        listed.iter().filter(|l| l.selectable).map(|l| format!("`{}`", printable(&l.name))).collect();
    let more = names.len().saturating_sub(30);
    names.truncate(30);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(ImapError::new(
        Fault::NoFolder,
        format!(
            "the configured folder `{}` is not on the server; there are: {}{rest}",
            printable(name),
            names.join(", ")
        ),
    ))
}

fn folder(role: Role, listed: &Listed) -> Folder {
    Folder { role, name: listed.name.clone(), wire: listed.wire.clone() }
}

impl Folder {
    /// The name as it stands in a command.
    pub(super) fn quoted(&self) -> Result<String, ImapError> {
        quote(&self.wire)
    }
}

/// Unicode to modified UTF-7 (RFC 3501 §5.1.3).
fn encode_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut run: Vec<u8> = Vec::new();
    let close = |run: &mut Vec<u8>, out: &mut String| {
        if !run.is_empty() {
            out.push_str(&format!("&{}-", base64::encode_bare(run).replace('/', ",")));
            run.clear();
        }
    };
    for c in name.chars() {
        // Control characters are left as they are: quoting refuses those that would break the line.
        if c.is_ascii() {
            close(&mut run, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            run.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    close(&mut run, &mut out);
    out
}

/// Modified UTF-7 to Unicode; `None` when it is not that.
fn decode_name(wire: &str) -> Option<String> {
    let mut out = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((plain, coded)) = rest.split_once('&') {
        out.push_str(plain);
        let (coded, after) = coded.split_once('-')?;
        if coded.is_empty() {
            out.push('&');
        } else {
            let bytes = base64::decode(&coded.replace(',', "/"))?;
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|p| p.iter().fold(0, |a, b| a << 8 | u16::from(*b))).collect();
            out.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_survive_modified_utf_7() {
        let check = |name: &str, wire: &str| {
            assert_eq!(encode_name(name), wire);
            assert_eq!(decode_name(wire).as_deref(), Some(name));
        };
        check("INBOX", "INBOX");
        check("A&B", "A&-B");
        check("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        check("Послато", "&BB8EPgRBBDsEMARCBD4-");
        check("📥", "&2D3c5Q-");
        assert_eq!(decode_name("&broken"), None);
    }

    fn listed(name: &str, marks: &[Role], selectable: bool) -> Listed {
        let leaf = name.rsplit('/').next().unwrap_or_default().to_lowercase();
        Listed { name: name.into(), wire: encode_name(name), leaf, selectable, marks: marks.to_vec() }
    }

    #[test]
    fn a_mark_beats_a_usual_name_and_a_wish_beats_both() {
        let all = [
            listed("INBOX", &[], true),
            listed("Sent", &[], true),
            listed("Poslato", &[Role::Sent], true),
            listed("[Gmail]", &[], false),
            listed("[Gmail]/Spam", &[], true),
        ];
        let check = |role, wish, usual: &[&str], expected: Option<&str>| {
            let found = choose(&all, role, wish, usual).map(|f| f.map(|f| f.name));
            assert_eq!(found, Ok(expected.map(str::to_owned)));
        };
        check(Role::Sent, None, SENT_NAMES, Some("Poslato"));
        check(Role::Sent, Some("Sent"), SENT_NAMES, Some("Sent"));
        check(Role::Junk, None, JUNK_NAMES, Some("[Gmail]/Spam"));
        check(Role::Junk, None, &["unwanted"], None);
    }

    #[test]
    fn a_configured_folder_that_is_missing_is_named_with_those_there_are() {
        let all = [listed("INBOX", &[], true), listed("Archive", &[], true), listed("Gone", &[], false)];
        let text = choose(&all, Role::Junk, Some("Gone"), JUNK_NAMES).map_err(|e| e.to_string());
        let text = text.err().unwrap_or_default();
        assert!(text.contains("`Gone` is not on the server; there are: `INBOX`, `Archive`"), "{text}");
    }
}
