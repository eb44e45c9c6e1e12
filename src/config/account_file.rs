//! Reads `[account.NAME]` and its servers. The values are in `account`; called by `file`.

use super::account::{
    Account, Endpoint, ImapSource, Login, MailSink, MailSource, Mechanism, SecretSource, Security, SentCopy,
};
use super::file::{Place, authserv_ids, exact};
use super::reader::Section;
use crate::domain::address::Address;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;

const SECURITIES: [(&str, Security); 3] =
    [("tls", Security::Tls), ("starttls", Security::Starttls), ("none", Security::None)];

/// Languages that nudges are written in; a template folder may add others, so this is only a spelling rule.
fn language(text: &str) -> Result<String, &'static str> {
    let ok =
        text.split('-').all(|part| (2..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()));
    ok.then(|| text.to_owned()).ok_or("must be a language tag such as en, zh-CN or sr-Latn")
}

fn time_zone(text: &str) -> Result<chrono_tz::Tz, String> {
    text.parse().map_err(|_| format!("`{text}` is not a time zone such as Europe/Belgrade"))
}

fn one_line(text: &str) -> Result<String, &'static str> {
    let ok = !text.chars().any(char::is_control) && text.chars().count() <= 200;
    ok.then(|| text.trim().to_owned()).ok_or("must be one line of at most 200 characters")
}

/// One account, `None` when a problem was noted that leaves nothing to work with.
pub(super) fn read(name: &str, section: &Section<'_, '_>, place: &Place<'_>) -> Option<Account> {
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        section.problem_here("the name of an account has letters, digits, `-` and `_` only");
    }
    for key in ["name", "address"] {
        if !section.has(key) {
            section.problem(key, "is missing");
        }
    }
    let holder_name = section.parsed("name", one_line);
    let address = section.parsed("address", Address::parse);
    let language = section.parsed("language", language).unwrap_or_else(|| "en".to_owned());
    let time_zone = section.parsed("time_zone", time_zone).unwrap_or(chrono_tz::UTC);
    let nudge_to = section.parsed("nudge_to", Address::parse);
    let plus_addressing = section.boolean("plus_addressing").unwrap_or(false);
    let authserv_ids = authserv_ids(section);
    let username = address.as_ref().map(ToString::to_string);
    let source = source(section, place, username.as_deref());
    let (sink, sent_copy) = sink(section, place, username.as_deref());
    section.finish();
    Some(Account {
        name: name.to_owned(),
        holder_name: holder_name?,
        address: address?,
        language,
        time_zone,
        nudge_to,
        plus_addressing,
        source: source?,
        sink: sink?,
        sent_copy,
        authserv_ids,
    })
}

fn source(account: &Section<'_, '_>, place: &Place<'_>, username: Option<&str>) -> Option<MailSource> {
    let maildir = account.string("maildir").map(|text| place.path(&text));
    let maildir_sent = account.string("maildir_sent");
    match (account.section("imap"), maildir) {
        (Some(_), Some(_)) => {
            account.problem("maildir", "stands beside [imap]: mail is read from one of them, leave the other out");
            None
        }
        (None, None) => {
            if !account.has("imap") && !account.has("maildir") {
                account.problem_here("says not where mail comes in: add a section `imap`, or `maildir = \"PATH\"`");
            }
            None
        }
        (None, Some(path)) => {
            let sent = maildir_sent.map(|sub| path.join(sub));
            Some(MailSource::Maildir { path, sent })
        }
        (Some(section), None) => {
            if maildir_sent.is_some() {
                account.problem("maildir_sent", "belongs to `maildir`; with IMAP write `sent` in its section");
            }
            imap(&section, place, username)
        }
    }
}

fn imap(section: &Section<'_, '_>, place: &Place<'_>, username: Option<&str>) -> Option<MailSource> {
    let endpoint = endpoint(section, place, username, &[(Security::Tls, 993), (Security::Starttls, 143)]);
    let idle_reissue = exact(section, "idle_reissue").unwrap_or(Duration::from_secs(300));
    if idle_reissue >= Duration::from_secs(29 * 60) {
        // RFC 2177: servers log a client off after 30 minutes of IDLE.
        section.problem("idle_reissue", "must be shorter than 29 minutes");
    }
    let out = ImapSource {
        inbox: section.string("inbox").unwrap_or_else(|| "INBOX".to_owned()),
        junk: section.string("junk"),
        sent: section.string("sent"),
        poll: exact(section, "poll").unwrap_or(Duration::from_secs(60)),
        idle_reissue,
        idle: section.boolean("idle").unwrap_or(true),
        endpoint: match endpoint {
            Some(endpoint) => endpoint,
            None => {
                section.finish();
                return None;
            }
        },
    };
    section.finish();
    Some(MailSource::Imap(out))
}

fn sink(account: &Section<'_, '_>, place: &Place<'_>, username: Option<&str>) -> (Option<MailSink>, SentCopy) {
    let Some(section) = account.section("smtp") else {
        if !account.has("smtp") {
            account.problem_here("says not how mail leaves: add a section `smtp`");
        }
        return (None, SentCopy::Auto);
    };
    let copies = [("auto", SentCopy::Auto), ("always", SentCopy::Always), ("never", SentCopy::Never)];
    let sent_copy = section.choice("sent_copy", &copies).unwrap_or(SentCopy::Auto);
    let sendmail = section.strings("sendmail").filter(|words| {
        let ok = words.first().is_some_and(|w| !w.is_empty());
        if !ok {
            section.problem("sendmail", "must name a program, such as [\"/usr/sbin/sendmail\"]");
        }
        ok
    });
    let maildir = section.string("maildir").map(|text| place.path(&text));
    let ways = ["host", "sendmail", "maildir"];
    let sink = match ways.iter().filter(|way| section.has(way)).count() {
        1 if section.has("host") => {
            endpoint(&section, place, username, &[(Security::Tls, 465), (Security::Starttls, 587)]).map(MailSink::Smtp)
        }
        1 => sendmail.map(MailSink::Sendmail).or(maildir.map(MailSink::Maildir)),
        _ => {
            section.problem_here("needs exactly one of `host`, `sendmail` and `maildir`");
            // Asked for here, so that the keys of a server are not reported as unknown as well.
            endpoint_keys(&section);
            None
        }
    };
    section.finish();
    (sink, sent_copy)
}

fn endpoint_keys(section: &Section<'_, '_>) {
    for key in ["host", "port", "security", "username", "password", "oauth2_token", "ca_file"] {
        section.has(key);
    }
}

fn endpoint(
    section: &Section<'_, '_>,
    place: &Place<'_>,
    username: Option<&str>,
    default_ports: &[(Security, u16)],
) -> Option<Endpoint> {
    let host = section.required("host").filter(|host| {
        let ok = host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
            && host.matches(':').count() != 1;
        if !ok {
            section.problem("host", "is a host name only, such as mail.mailhost.example; the port has its own line");
        }
        ok
    });
    let port = section.integer("port", 1..=65_535).and_then(|p| u16::try_from(p).ok());
    let stated = section.choice("security", &SECURITIES);
    // The port says what is meant where the protection is not named; otherwise TLS.
    let by_port = default_ports.iter().find(|(_, p)| Some(*p) == port).map(|(s, _)| *s);
    let security = stated.or(by_port).unwrap_or(Security::Tls);
    if let (Security::None, Some(host)) = (security, &host)
        && !is_loopback(host)
    {
        section
            .problem("security", "\"none\" is allowed only to this machine (localhost); use \"tls\" or \"starttls\"");
    }
    let default_port = default_ports.iter().find(|(s, _)| *s == security).map(|(_, p)| *p);
    if port.is_none() && default_port.is_none() && !section.has("port") {
        section.problem("port", "is missing; without protection there is no usual one");
    }
    let ca_file = section.string("ca_file").map(|text| place.path(&text));
    let login = login(section, place, username, host.as_deref());
    Some(Endpoint { host: host?, port: port.or(default_port)?, security, ca_file, login })
}

fn login(section: &Section<'_, '_>, place: &Place<'_>, default: Option<&str>, host: Option<&str>) -> Option<Login> {
    let named = section.string("username");
    let password = secret(section, "password", place);
    let token = secret(section, "oauth2_token", place);
    match (section.has("password"), section.has("oauth2_token")) {
        (true, true) => {
            section.problem("oauth2_token", "stands beside `password`: leave one of them out");
            None
        }
        (false, false) => {
            // A faulty host is reported by itself; whether it asks for a login is not known then.
            if named.is_some() || host.is_some_and(|h| !is_loopback(h)) {
                section.problem_here("needs `password`, such as { command = [\"pass\", \"mail\"] }, or `oauth2_token`");
            }
            None
        }
        (is_password, _) => {
            let mechanism = if is_password { Mechanism::Password } else { Mechanism::Xoauth2 };
            let username = named.or_else(|| default.map(str::to_owned))?;
            Some(Login { username, mechanism, secret: password.or(token)? })
        }
    }
}

/// Whether a host name means this machine, whatever a resolver says.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn secret(account: &Section<'_, '_>, key: &'static str, place: &Place<'_>) -> Option<SecretSource> {
    let value = account.raw(key)?;
    if let DeValue::String(text) = value {
        if place.is_private {
            return Some(SecretSource::Literal(text.to_string().into()));
        }
        let path = place.file.display();
        account.problem(
            key,
            format!(
                "a secret is read from this file only when nobody else can read it: run `chmod 600 {path}`, \
                 or name a source such as {{ command = [\"pass\", \"mail\"] }}"
            ),
        );
        return None;
    }
    let section = account.section(key)?;
    let words = |v: Vec<String>| v.first().is_some_and(|w| !w.is_empty()).then_some(v);
    let command = match section.raw("command") {
        // A single text is a shell's business, as in other programs' configs.
        Some(DeValue::String(text)) => Some(vec!["/bin/sh".to_owned(), "-c".to_owned(), text.to_string()]),
        Some(_) => section.strings("command").and_then(words),
        None => None,
    };
    let file = section.string("file").map(|text| place.path(&text));
    let env = section.string("env");
    let credential = section.string("credential").filter(|name| {
        let ok = !name.contains('/') && !name.starts_with('.');
        if !ok {
            section.problem("credential", "is a name, not a path");
        }
        ok
    });
    if section.has("keyring") {
        section.problem(
            "keyring",
            "this version reads no keyring; use { command = .. } (such as secret-tool or pass), { file = .. }, \
             { env = .. } or { credential = .. }",
        );
    }
    section.finish();
    let given = ["command", "file", "env", "credential", "keyring"].iter().filter(|k| section.has(k)).count();
    if given != 1 {
        account.problem(key, "needs exactly one of command, file, env, credential");
        return None;
    }
    command
        .map(SecretSource::Command)
        .or(file.map(SecretSource::File))
        .or(env.map(SecretSource::Env))
        .or(credential.map(SecretSource::Credential))
}

impl Account {
    /// Folder or server of incoming mail, for messages.
    #[must_use]
    pub fn source_label(&self) -> String {
        match &self.source {
            MailSource::Imap(imap) => format!("{}:{}", imap.endpoint.host, imap.endpoint.port),
            MailSource::Maildir { path, .. } => path.display().to_string(),
        }
    }

    /// Server, program or folder of outgoing mail, for messages.
    #[must_use]
    pub fn sink_label(&self) -> String {
        match &self.sink {
            MailSink::Smtp(endpoint) => format!("{}:{}", endpoint.host, endpoint.port),
            MailSink::Sendmail(words) => words.first().cloned().unwrap_or_default(),
            MailSink::Maildir(path) => path.display().to_string(),
        }
    }

    /// Where nudges go.
    #[must_use]
    pub fn nudge_address(&self) -> &Address {
        self.nudge_to.as_ref().unwrap_or(&self.address)
    }
}

/// Expands `~/`, and takes a relative path as beside the config.
pub(super) fn resolved(text: &str, folder: &std::path::Path, home: Option<&str>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => folder.join(text),
    }
}
