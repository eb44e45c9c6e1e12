//! A scripted IMAP server on loopback: a few folders in memory, and quirks that make it answer as no real server
//! should. Knows just the commands that odjava gives.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};

/// What the peer does instead of, or before, its proper answer.
#[derive(Debug, Clone)]
pub enum Quirk {
    /// Says this instead; `{tag}` becomes the tag.
    Say(String),
    /// Says this first, then answers properly.
    First(String),
    /// Says this and closes the line.
    SayAndClose(String),
    /// Never answers.
    Silence,
}

/// A folder.
#[derive(Debug, Clone, Default)]
pub struct PeerFolder {
    pub attributes: String,
    pub uid_validity: u32,
    pub uid_next: Option<u32>,
    pub messages: BTreeMap<u32, Vec<u8>>,
}

#[derive(Debug)]
pub struct PeerState {
    pub greeting: String,
    pub capabilities: String,
    pub folders: BTreeMap<String, PeerFolder>,
    /// Prefix of a command, how often, what.
    pub quirks: Vec<(String, usize, Quirk)>,
    /// Size that RFC822.SIZE tells, where it is not the truth.
    pub told_size: BTreeMap<u32, u32>,
    pub appended: Vec<Vec<u8>>,
}

pub struct Peer {
    pub address: SocketAddr,
    pub state: Arc<Mutex<PeerState>>,
    /// Every command line received, without its tag.
    pub commands: watch::Receiver<Vec<String>>,
    push: broadcast::Sender<Vec<u8>>,
}

impl Peer {
    pub async fn start() -> Self {
        let mut folders = BTreeMap::new();
        folders.insert("INBOX".into(), PeerFolder { uid_validity: 7, ..PeerFolder::default() });
        let state = Arc::new(Mutex::new(PeerState {
            greeting: "* OK ready\r\n".into(),
            capabilities: "IMAP4rev1 IDLE AUTH=PLAIN SASL-IR LITERAL+ UIDPLUS".into(),
            folders,
            quirks: Vec::new(),
            told_size: BTreeMap::new(),
            appended: Vec::new(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (log, commands) = watch::channel(Vec::new());
        let log = Arc::new(log);
        let (push, _) = broadcast::channel(16);
        let peer = Self { address, state: Arc::clone(&state), commands, push: push.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let one = Connection { state: Arc::clone(&state), log: Arc::clone(&log), push: push.subscribe() };
                tokio::spawn(one.serve(stream));
            }
        });
        peer
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut PeerState) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub fn quirk(&self, prefix: &str, times: usize, quirk: Quirk) {
        self.with(|s| s.quirks.push((prefix.into(), times, quirk)));
    }

    pub fn add(&self, folder: &str, uid: u32, raw: &str) {
        self.with(|s| s.folders.get_mut(folder).unwrap().messages.insert(uid, raw.as_bytes().to_vec()));
    }

    /// Says something to every connection that idles; empty closes it.
    pub fn push(&self, text: &str) {
        self.push.send(text.as_bytes().to_vec()).unwrap();
    }

    /// Waits until a command with this prefix has come `times` times.
    pub async fn received(&self, prefix: &str, times: usize) {
        let mut commands = self.commands.clone();
        commands.wait_for(|all| all.iter().filter(|c| c.starts_with(prefix)).count() >= times).await.unwrap();
    }

    pub fn count(&self, prefix: &str) -> usize {
        self.commands.borrow().iter().filter(|c| c.starts_with(prefix)).count()
    }
}

struct Connection {
    state: Arc<Mutex<PeerState>>,
    log: Arc<watch::Sender<Vec<String>>>,
    push: broadcast::Receiver<Vec<u8>>,
}

impl Connection {
    async fn serve(mut self, stream: TcpStream) {
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        let greeting = self.state.lock().unwrap().greeting.clone();
        if write.write_all(greeting.as_bytes()).await.is_err() {
            return;
        }
        let mut open = String::new();
        let mut line = Vec::new();
        loop {
            line.clear();
            if read.read_until(b'\n', &mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (tag, command) = text.split_once(' ').unwrap_or((text.as_str(), ""));
            self.log.send_modify(|all| all.push(command.to_owned()));
            let mut first = String::new();
            match self.quirk(command) {
                Some(Quirk::Say(text)) => {
                    if write.write_all(text.replace("{tag}", tag).as_bytes()).await.is_err() {
                        return;
                    }
                    continue;
                }
                Some(Quirk::SayAndClose(text)) => {
                    let _ = write.write_all(text.replace("{tag}", tag).as_bytes()).await;
                    return;
                }
                Some(Quirk::Silence) => continue,
                Some(Quirk::First(text)) => first = text.replace("{tag}", tag),
                None => {}
            }
            let mut out = first.into_bytes();
            if command == "IDLE" {
                out.extend(b"+ idling\r\n");
                let _ = write.write_all(&out).await;
                let mut done = Vec::new();
                loop {
                    tokio::select! {
                        text = self.push.recv() => {
                            let text = text.unwrap_or_default();
                            if text.is_empty() {
                                return;
                            }
                            let _ = write.write_all(&text).await;
                        }
                        n = read.read_until(b'\n', &mut done) => {
                            if n.unwrap_or(0) == 0 {
                                return;
                            }
                            break;
                        }
                    }
                }
                out = format!("{tag} OK done\r\n").into_bytes();
            } else if command.starts_with("APPEND ") {
                let size = command.rsplit_once('{').unwrap().1.trim_end_matches(['}', '+']).parse::<usize>().unwrap();
                if command.ends_with("+}") {
                    let _ = write.write_all(&out).await;
                } else {
                    out.extend(b"+ go on\r\n");
                    let _ = write.write_all(&out).await;
                }
                let mut raw = vec![0; size + 2];
                if read.read_exact(&mut raw).await.is_err() {
                    return;
                }
                raw.truncate(size);
                self.state.lock().unwrap().appended.push(raw);
                out = format!("{tag} OK [APPENDUID 9 42] done\r\n").into_bytes();
            } else {
                let (body, closing) = self.answer(command, &mut open);
                out.extend(body);
                out.extend(format!("{tag} {closing}\r\n").into_bytes());
            }
            if write.write_all(&out).await.is_err() || command == "LOGOUT" {
                return;
            }
        }
    }

    fn quirk(&self, command: &str) -> Option<Quirk> {
        let mut state = self.state.lock().unwrap();
        let found = state.quirks.iter_mut().find(|(prefix, times, _)| *times > 0 && command.starts_with(prefix))?;
        found.1 -= 1;
        Some(found.2.clone())
    }

    fn answer(&self, command: &str, open: &mut String) -> (Vec<u8>, &'static str) {
        let state = self.state.lock().unwrap();
        let mut out = Vec::new();
        let words: Vec<&str> = command.split(' ').collect();
        match words.as_slice() {
            ["CAPABILITY"] => out.extend(format!("* CAPABILITY {}\r\n", state.capabilities).bytes()),
            ["LOGIN" | "AUTHENTICATE" | "NOOP", ..] => {}
            ["LOGOUT"] => out.extend(b"* BYE see you\r\n"),
            ["LIST", ..] => {
                for (name, folder) in &state.folders {
                    out.extend(format!("* LIST ({}) \"/\" \"{name}\"\r\n", folder.attributes).bytes());
                }
            }
            ["EXAMINE", ..] => {
                let name = command["EXAMINE ".len()..].trim_matches('"');
                let Some(folder) = state.folders.get(name) else { return (out, "NO [NONEXISTENT] no such folder") };
                name.clone_into(open);
                out.extend(format!("* {} EXISTS\r\n", folder.messages.len()).bytes());
                out.extend(format!("* OK [UIDVALIDITY {}] ok\r\n", folder.uid_validity).bytes());
                if let Some(next) = folder.uid_next {
                    out.extend(format!("* OK [UIDNEXT {next}] ok\r\n").bytes());
                }
            }
            ["SELECT", ..] => return (out, "NO not this either"),
            ["UID", "SEARCH", criteria @ ..] => {
                let found = search(&state.folders[open.as_str()], criteria);
                let found: String = found.iter().map(|uid| format!(" {uid}")).collect();
                out.extend(format!("* SEARCH{found}\r\n").bytes());
            }
            ["UID", "FETCH", set, ..] => {
                let folder = &state.folders[open.as_str()];
                for (number, (uid, raw)) in folder.messages.iter().enumerate() {
                    if !in_set(set, *uid, u32::MAX) {
                        continue;
                    }
                    let size = state.told_size.get(uid).copied().unwrap_or(raw.len() as u32);
                    let text = String::from_utf8_lossy(raw);
                    let header = text.split("\r\n\r\n").next().unwrap_or_default().to_owned() + "\r\n\r\n";
                    let (section, data) = if command.contains("HEADER.FIELDS") {
                        ("BODY[HEADER.FIELDS (FROM)]", header.into_bytes())
                    } else if let Some((_, range)) = command.split_once("<0.") {
                        let most: usize = range.split('>').next().unwrap().parse().unwrap();
                        ("BODY[]<0>", raw.iter().copied().take(most).collect())
                    } else {
                        ("BODY[]", raw.clone())
                    };
                    let date = " 5-Nov-2026 10:00:00 +0100";
                    out.extend(
                        format!(
                            "* {} FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE \"{date}\" {section} {{{}}}\r\n",
                            number + 1,
                            data.len()
                        )
                        .bytes(),
                    );
                    out.extend(data);
                    out.extend(b")\r\n");
                }
            }
            _ => return (out, "BAD what?"),
        }
        (out, "OK done")
    }
}

fn in_set(set: &str, uid: u32, last: u32) -> bool {
    let number = |t: &str| if t == "*" { last } else { t.parse().unwrap() };
    set.split(',').any(|part| match part.split_once(':') {
        Some((a, b)) => (number(a).min(number(b))..=number(a).max(number(b))).contains(&uid),
        None => number(part) == uid,
    })
}

/// UID sets, SINCE (everything), HEADER Message-ID (substring) and BODY words joined by OR.
fn search(folder: &PeerFolder, criteria: &[&str]) -> Vec<u32> {
    let last = folder.messages.keys().last().copied().unwrap_or(0);
    let words = criteria.join(" ");
    let quoted: Vec<&str> = words.split('"').skip(1).step_by(2).collect();
    let holds = |raw: &[u8]| {
        let text = String::from_utf8_lossy(raw);
        quoted.is_empty() || quoted.iter().any(|q| text.contains(q))
    };
    let in_set = |uid: u32| criteria.first() != Some(&"UID") || in_set(criteria[1], uid, last);
    folder.messages.iter().filter(|(uid, raw)| in_set(**uid) && holds(raw)).map(|(uid, _)| *uid).collect()
}
