//! A second reader on loopback that answers as a test wants it: well, late, wrong, or not at all. One answer for all
//! questions until another is set; what was asked is kept.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the stub does with a question.
#[derive(Clone)]
pub enum Manner {
    /// Answers with these words of the model.
    Says(String),
    /// The same in chunks.
    SaysInChunks(String),
    /// Sends these bytes and closes.
    Sends(Vec<u8>),
    /// Sends this beginning, then the other bytes again and again.
    Endless(Vec<u8>, Vec<u8>),
    /// Reads the question and keeps the line open in silence.
    Silent,
}

/// The stub; its thread ends with the test process.
pub struct StubReader {
    /// Where it listens.
    pub port: u16,
    manner: Arc<Mutex<Manner>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl StubReader {
    /// Starts it.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let manner = Arc::new(Mutex::new(Manner::Silent));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (mine, kept) = (Arc::clone(&manner), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (mine, kept) = (Arc::clone(&mine), Arc::clone(&kept));
                std::thread::spawn(move || answer(stream, &mine, &kept));
            }
        });
        Self { port, manner, asked }
    }

    /// From now on it does this.
    pub fn set(&self, manner: Manner) {
        *self.manner.lock().expect("no panic") = manner;
    }

    /// Head and body of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn answer(mut stream: TcpStream, manner: &Mutex<Manner>, asked: &Mutex<Vec<String>>) {
    let Some(request) = request_of(&stream) else { return };
    asked.lock().expect("no panic").push(request);
    let manner = manner.lock().expect("no panic").clone();
    // Whoever asked may have hung up.
    let _ = match manner {
        Manner::Says(words) => {
            let body = completion(&words);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())
        }
        Manner::SaysInChunks(words) => {
            let mut out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
            for piece in completion(&words).as_bytes().chunks(7) {
                out += &format!("{:x}\r\n{}\r\n", piece.len(), String::from_utf8_lossy(piece));
            }
            stream.write_all(format!("{out}0\r\n\r\n").as_bytes())
        }
        Manner::Sends(bytes) => stream.write_all(&bytes),
        Manner::Endless(start, again) => {
            let mut sent = stream.write_all(&start);
            while sent.is_ok() {
                sent = stream.write_all(&again);
            }
            sent
        }
        Manner::Silent => stream.read_to_end(&mut Vec::new()).map(drop),
    };
}

/// A chat completion that says these words.
pub fn completion(words: &str) -> String {
    serde_json::json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": words } }] }).to_string()
}

fn request_of(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|l| l.strip_prefix("Content-Length: "))?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).ok()?)
}
