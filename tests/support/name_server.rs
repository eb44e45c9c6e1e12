//! A name server on loopback that knows a few text records, and can be slow, broken or forgetful.

use odjava::mail::dkim::Answer;
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct State {
    records: BTreeMap<String, Answer>,
    is_silent: bool,
    asked: Vec<String>,
}

/// The server; it ends with the test process.
pub struct NameServer {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl NameServer {
    /// Starts one on a free port. Names it does not know do not exist.
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            let mut buffer = [0; 2_048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if let Some(reply) = reply(&buffer[..length], &mut shared.lock().expect("the state")) {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        Self { address, state }
    }

    /// Sets a record; `Failed` answers SERVFAIL.
    pub fn set(&self, name: &str, answer: Answer) {
        self.state.lock().expect("the state").records.insert(name.to_owned(), answer);
    }

    /// Answers nothing at all, or answers again.
    pub fn be_silent(&self, is_silent: bool) {
        self.state.lock().expect("the state").is_silent = is_silent;
    }

    /// The names asked for since the last call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().expect("the state").asked)
    }
}

fn reply(question: &[u8], state: &mut State) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut at = 12;
    while question[at] != 0 {
        let length = usize::from(question[at]);
        labels.push(String::from_utf8_lossy(&question[at + 1..=at + length]).into_owned());
        at += length + 1;
    }
    let name = labels.join(".");
    state.asked.push(name.clone());
    if state.is_silent {
        return None;
    }
    let (code, texts) = match state.records.get(&name) {
        Some(Answer::Texts(texts)) => (0, texts.clone()),
        Some(Answer::Absent) | None => (3, Vec::new()),
        Some(Answer::Failed) => (2, Vec::new()),
    };
    let mut out = question[..at + 5].to_vec();
    out[2..12].copy_from_slice(&[0x81, 0x80 | code, 0, 1, 0, texts.len() as u8, 0, 0, 0, 0]);
    for text in texts {
        let strings: Vec<u8> = text.as_bytes().chunks(200).flat_map(|c| [&[c.len() as u8], c].concat()).collect();
        // The name of the question, TXT, IN, for 300 seconds.
        out.extend_from_slice(&[0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 0x2c]);
        out.extend_from_slice(&(strings.len() as u16).to_be_bytes());
        out.extend(strings);
    }
    Some(out)
}
