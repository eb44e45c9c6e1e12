//! Asks name servers for text records: few tries, short waits, and a bounded memory that forgets when the records say so.

use super::wire::{self, Reply};
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::mail::dkim::Answer;
use chrono::TimeDelta;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// Names that are remembered.
const REMEMBERED_MAX: usize = 500;
/// Longest that an answer is remembered, and a "no" at that (RFC 2308 §5).
const DAY: u32 = 86_400;
const NO_MAX: u32 = 900;
/// Servers that are asked in turn.
const SERVERS_MAX: usize = 3;
/// Rounds over them.
const ROUNDS: usize = 2;
/// Replies to other questions that are read past.
const STRAYS_MAX: usize = 16;

/// A resolver of the daemon, shared by all accounts.
pub struct Resolver {
    servers: Vec<SocketAddr>,
    wait: Duration,
    clock: Arc<dyn Clock>,
    memory: Mutex<HashMap<String, (Answer, Timestamp)>>,
}

impl Resolver {
    /// A resolver that asks these servers; none: those of the system.
    #[must_use]
    pub fn new(servers: &[SocketAddr], wait: Duration, clock: Arc<dyn Clock>) -> Self {
        let mut servers = servers.to_vec();
        if servers.is_empty() {
            servers = of_the_system(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default());
        }
        servers.truncate(SERVERS_MAX);
        Self { servers, wait, clock, memory: Mutex::default() }
    }

    /// The text records of a name, and whether a server had to be asked.
    pub(super) async fn texts(&self, name: &str) -> (Answer, bool) {
        let now = self.clock.now();
        if let Some((answer, until)) = self.remembered().get(name)
            && *until > now
        {
            return (answer.clone(), false);
        }
        for server in self.servers.iter().cycle().take(self.servers.len() * ROUNDS) {
            match timeout(self.wait, self.ask(*server, name)).await {
                Ok(Ok(Reply::Says(Answer::Failed, _) | Reply::Cut | Reply::Foreign) | Err(_)) | Err(_) => {}
                Ok(Ok(Reply::Says(answer, seconds))) => {
                    self.remember(name, &answer, seconds, now);
                    return (answer, true);
                }
            }
        }
        (Answer::Failed, true)
    }

    async fn ask(&self, server: SocketAddr, name: &str) -> std::io::Result<Reply> {
        let invalid = || std::io::Error::from(std::io::ErrorKind::InvalidInput);
        let [a, b, ..] = self.clock.random();
        let id = u16::from_be_bytes([a, b]);
        let question = wire::question(id, name).ok_or_else(invalid)?;
        // A port of its own for each question makes answers hard to guess (RFC 5452 §9.2).
        let local: SocketAddr = if server.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
        let socket = UdpSocket::bind(local).await?;
        socket.connect(server).await?;
        socket.send(&question).await?;
        let mut buffer = [0; 4096];
        for _ in 0..STRAYS_MAX {
            let length = socket.recv(&mut buffer).await?;
            match wire::reply(id, name, buffer.get(..length).unwrap_or_default()) {
                Reply::Foreign => {}
                Reply::Cut => return ask_whole(server, id, name, &question).await,
                says @ Reply::Says(..) => return Ok(says),
            }
        }
        Ok(Reply::Foreign)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Answer, Timestamp)>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, name: &str, answer: &Answer, seconds: u32, now: Timestamp) {
        let most = if matches!(answer, Answer::Texts(_)) { DAY } else { NO_MAX };
        let until = now + TimeDelta::seconds(seconds.min(most).into());
        let mut memory = self.remembered();
        if memory.len() >= REMEMBERED_MAX {
            memory.retain(|_, (_, until)| *until > now);
        }
        if memory.len() >= REMEMBERED_MAX {
            let soonest = memory.iter().min_by_key(|(_, (_, until))| *until).map(|(name, _)| name.clone());
            soonest.and_then(|name| memory.remove(&name));
        }
        memory.insert(name.to_owned(), (answer.clone(), until));
    }
}

/// Asks over TCP for what was too long for a datagram (RFC 7766).
async fn ask_whole(server: SocketAddr, id: u16, name: &str, question: &[u8]) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(wire::reply(id, name, &answer))
}

/// The name servers of resolv.conf(5); without one, this machine.
fn of_the_system(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| {
        let address = line.trim().strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok()?;
        Some(SocketAddr::new(address, 53))
    });
    let mut servers: Vec<SocketAddr> = named.collect();
    if servers.is_empty() {
        servers.push((Ipv4Addr::LOCALHOST, 53).into());
    }
    servers
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    #[test]
    fn the_memory_is_bounded_and_forgets_in_time() {
        let clock = Arc::new(VirtualClock::new("2026-11-10T08:00:00Z".parse().unwrap(), 1));
        let resolver = Resolver::new(&[], Duration::from_secs(1), clock.clone());
        let now = clock.now();
        for i in 0..2_000u32 {
            resolver.remember(&format!("{i}.example"), &Answer::Absent, i, now);
        }
        assert_eq!(resolver.remembered().len(), REMEMBERED_MAX);
        assert!(resolver.remembered().contains_key("1999.example"));
        let longest = resolver.remembered().values().map(|(_, until)| *until).max();
        assert_eq!(longest, Some(now + TimeDelta::seconds(NO_MAX.into())));
    }

    #[test]
    fn the_servers_of_the_system_are_found() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<String> = of_the_system(text).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("# x\nnameserver 192.0.2.1\noptions edns0\nnameserver ::1\n", &["192.0.2.1:53", "[::1]:53"]);
        check("", &["127.0.0.1:53"]);
        check("nameserver fe80::1%eth0\n", &["127.0.0.1:53"]);
    }
}
