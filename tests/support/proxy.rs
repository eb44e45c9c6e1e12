//! A TCP proxy before a server that can cut, swallow, delay or garble on demand.
//! It sees what goes over the wire, so put it before a plain-text port when a fault depends on the content.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What the proxy does wrong. The two `Cut` faults happen once and then clear themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: passes everything on.
    None,
    /// Passes the client's bytes on up to and with the pattern, waits for the server's answer, and cuts
    /// without showing it: the server has acted, the client does not know.
    CutAfter(Vec<u8>),
    /// Cuts when the pattern comes, before the server has seen the chunk it stands in.
    CutBefore(Vec<u8>),
    /// Takes everything, passes nothing on, in both directions; connections stay open.
    BlackHole,
    /// Holds each chunk back for that long, in both directions.
    Delay(Duration),
    /// Flips a bit in every byte that the server says.
    Garble,
    /// Closes each new connection at once.
    Refuse,
}

struct Shared {
    fault: Mutex<Fault>,
    open: Mutex<Vec<TcpStream>>,
    accepted: AtomicUsize,
    fired: AtomicUsize,
    ended: AtomicUsize,
}

/// A running proxy; dropping it closes its port and all connections.
pub struct FaultProxy {
    /// Where clients connect, on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
}

impl FaultProxy {
    /// Starts a proxy before a loopback port.
    pub fn before(target: u16) -> FaultProxy {
        let port = super::free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("listen");
        let shared = Arc::new(Shared {
            fault: Mutex::new(Fault::None),
            open: Mutex::new(Vec::new()),
            accepted: AtomicUsize::new(0),
            fired: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if serving.ended.load(Ordering::SeqCst) > 0 {
                    return;
                }
                serving.accepted.fetch_add(1, Ordering::SeqCst);
                if serving.fault() == Fault::Refuse {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                serving.join(&client, &server);
            }
        });
        FaultProxy { port, shared }
    }

    /// Switches the fault; it holds for connections that are open, too.
    pub fn set(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Cuts every open connection.
    pub fn cut_all(&self) {
        self.shared.cut_all();
    }

    /// How many connections came in so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// How many times a `Cut` fault has happened.
    pub fn fired(&self) -> usize {
        self.shared.fired.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.ended.store(1, Ordering::SeqCst);
        self.shared.cut_all();
        // Wakes the accepting thread so that it sees the end and gives the port back.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn fault(&self) -> Fault {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn cut_all(&self) {
        for socket in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Starts both directions of one connection.
    fn join(self: &Arc<Self>, client: &TcpStream, server: &TcpStream) {
        let copy = |socket: &TcpStream| socket.try_clone().expect("clone a socket");
        let swallow = Arc::new(AtomicUsize::new(0));
        self.open.lock().unwrap_or_else(PoisonError::into_inner).extend([copy(client), copy(server)]);
        let (me, from, to, flag) = (Arc::clone(self), copy(client), copy(server), Arc::clone(&swallow));
        std::thread::spawn(move || me.client_to_server(from, to, &flag));
        let (me, from, to) = (Arc::clone(self), copy(server), copy(client));
        std::thread::spawn(move || me.server_to_client(from, to, &swallow));
    }

    fn client_to_server(&self, mut client: TcpStream, mut server: TcpStream, swallow: &AtomicUsize) {
        let mut chunk = vec![0; 64 * 1024];
        let mut recent: Vec<u8> = Vec::new();
        while let Ok(n @ 1..) = client.read(&mut chunk) {
            let bytes = &chunk[..n];
            // A pattern may be split over chunks: the end of the last ones is kept.
            recent.extend_from_slice(bytes);
            match self.fault() {
                Fault::BlackHole => continue,
                Fault::Delay(span) => std::thread::sleep(span),
                Fault::CutBefore(pattern) if contains(&recent, &pattern) => {
                    self.fire();
                    break;
                }
                Fault::CutAfter(pattern) if contains(&recent, &pattern) => {
                    self.fire();
                    swallow.store(1, Ordering::SeqCst);
                }
                _ => {}
            }
            recent.drain(..recent.len().saturating_sub(256));
            if server.write_all(bytes).is_err() {
                break;
            }
        }
        // While the last answer is awaited the other direction closes.
        if swallow.load(Ordering::SeqCst) == 0 {
            close(&client, &server);
        }
    }

    fn server_to_client(&self, mut server: TcpStream, mut client: TcpStream, swallow: &AtomicUsize) {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = server.read(&mut chunk) {
            if swallow.load(Ordering::SeqCst) > 0 {
                break;
            }
            let bytes = &mut chunk[..n];
            match self.fault() {
                Fault::BlackHole => continue,
                Fault::Delay(span) => std::thread::sleep(span),
                Fault::Garble => bytes.iter_mut().for_each(|byte| *byte ^= 0x20),
                _ => {}
            }
            if client.write_all(bytes).is_err() {
                break;
            }
        }
        close(&client, &server);
    }

    fn fire(&self) {
        self.fired.fetch_add(1, Ordering::SeqCst);
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Fault::None;
    }
}

fn contains(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.windows(pattern.len()).any(|window| window == pattern)
}

fn close(client: &TcpStream, server: &TcpStream) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
