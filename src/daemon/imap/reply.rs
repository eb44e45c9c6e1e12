//! What a server can say that matters here: the crate's parsed responses turned into owned values. The one place
//! that knows the parser's types; judges nothing.

use async_imap::imap_proto::rfc4315::UidSetMember;
use async_imap::imap_proto::{
    AttributeValue, Capability, MailboxDatum, NameAttribute, Outcome, Response, ResponseCode, SectionPath, Status,
};
use std::collections::BTreeSet;

/// The word of a status response (RFC 3501 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusWord {
    /// OK.
    Ok,
    /// NO.
    No,
    /// BAD.
    Bad,
    /// PREAUTH.
    PreAuth,
    /// BYE.
    Bye,
}

/// The response codes that are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// CAPABILITY, in upper case.
    Capabilities(BTreeSet<String>),
    /// UIDVALIDITY.
    UidValidity(u32),
    /// UIDNEXT.
    UidNext(u32),
    /// APPENDUID (RFC 4315): UIDVALIDITY, and the UID where it is one.
    AppendUid(u32, Option<u32>),
    /// None, or one that means nothing here.
    Other,
}

/// One response.
#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// A status: tagged where it ends a command.
    Status {
        /// The tag; `None` for an untagged one.
        tag: Option<String>,
        /// The word.
        word: StatusWord,
        /// The code.
        code: Code,
        /// The server's text, as sent.
        text: String,
    },
    /// `+`: the server waits for more.
    Continue,
    /// CAPABILITY, in upper case.
    Capabilities(BTreeSet<String>),
    /// Number of messages in the open folder.
    Exists(u32),
    /// A message is gone.
    Expunge,
    /// A folder.
    List(ListedFolder),
    /// Numbers that a SEARCH found.
    Search(Vec<u32>),
    /// Something about a message.
    Fetch(MessageData),
    /// Anything else.
    Other,
}

/// One line of LIST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFolder {
    /// Name on the line.
    pub wire: String,
    /// What stands between the levels of a name.
    pub delimiter: Option<String>,
    /// It can be opened.
    pub selectable: bool,
    /// Marked `\Junk` (RFC 6154).
    pub is_junk: bool,
    /// Marked `\Sent`.
    pub is_sent: bool,
}

/// What one FETCH response tells of a message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct MessageData {
    /// UID; a response without it is of no use.
    pub uid: Option<u32>,
    /// RFC822.SIZE in bytes.
    pub size: Option<u32>,
    /// INTERNALDATE, as sent.
    pub internal_date: Option<String>,
    /// Header fields; empty where the server says NIL.
    pub header: Option<Vec<u8>>,
    /// The body, or a part of it.
    pub body: Option<Vec<u8>>,
}

impl Reply {
    /// Takes over what is of use.
    pub(super) fn from_parsed(response: &Response<'_>) -> Self {
        match response {
            Response::Done { tag, status, outcome } => self::status(Some(tag.0.clone()), status, outcome),
            Response::Data { status, outcome } => self::status(None, status, outcome),
            Response::Continue(_) => Self::Continue,
            Response::Capabilities(list) => Self::Capabilities(capabilities(list)),
            Response::Expunge(_) => Self::Expunge,
            Response::Fetch(_, attributes) => Self::Fetch(message_data(attributes)),
            Response::MailboxData(MailboxDatum::Exists(n)) => Self::Exists(*n),
            Response::MailboxData(MailboxDatum::Search(numbers)) => Self::Search(numbers.clone()),
            Response::MailboxData(MailboxDatum::List(data)) => {
                let has = |wanted: &NameAttribute<'_>| data.name_attributes.contains(wanted);
                let gone = NameAttribute::Extension("\\NonExistent".into());
                Self::List(ListedFolder {
                    wire: data.name.to_string(),
                    delimiter: data.delimiter.as_deref().map(str::to_owned),
                    selectable: !has(&NameAttribute::NoSelect) && !has(&gone),
                    is_junk: has(&NameAttribute::Junk),
                    is_sent: has(&NameAttribute::Sent),
                })
            }
            _ => Self::Other,
        }
    }

    /// The capabilities it lists, by itself or in its code.
    #[must_use]
    pub fn capabilities(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Capabilities(list) | Self::Status { code: Code::Capabilities(list), .. } => Some(list),
            _ => None,
        }
    }
}

fn status(tag: Option<String>, status: &Status, outcome: &Outcome<'_>) -> Reply {
    let word = match status {
        Status::Ok => StatusWord::Ok,
        Status::No => StatusWord::No,
        Status::Bad => StatusWord::Bad,
        Status::PreAuth => StatusWord::PreAuth,
        Status::Bye => StatusWord::Bye,
    };
    let code = match &outcome.code {
        Some(ResponseCode::Capabilities(list)) => Code::Capabilities(capabilities(list)),
        Some(ResponseCode::UidValidity(n)) => Code::UidValidity(*n),
        Some(ResponseCode::UidNext(n)) => Code::UidNext(*n),
        Some(ResponseCode::AppendUid(validity, uids)) => {
            let uid = match uids.as_slice() {
                [UidSetMember::Uid(uid)] => Some(*uid),
                [UidSetMember::UidRange(range)] if range.start() == range.end() => Some(*range.start()),
                _ => None,
            };
            Code::AppendUid(*validity, uid)
        }
        _ => Code::Other,
    };
    Reply::Status { tag, word, code, text: outcome.information.as_deref().unwrap_or_default().to_owned() }
}

fn capabilities(list: &[Capability<'_>]) -> BTreeSet<String> {
    let name = |c: &Capability<'_>| match c {
        Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
        Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
        Capability::Atom(atom) => atom.to_ascii_uppercase(),
    };
    list.iter().map(name).collect()
}

fn message_data(attributes: &[AttributeValue<'_>]) -> MessageData {
    let mut out = MessageData::default();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => out.uid = Some(*uid),
            AttributeValue::Rfc822Size(size) => out.size = Some(*size),
            AttributeValue::InternalDate(text) => out.internal_date = Some(text.to_string()),
            AttributeValue::BodySection { section: None, data, .. } => out.body = data.as_deref().map(<[u8]>::to_vec),
            AttributeValue::BodySection { section: Some(SectionPath::Full(_)), data, .. } => {
                out.header = Some(data.as_deref().unwrap_or_default().to_vec());
            }
            _ => {}
        }
    }
    out
}
