//! Tests the signatures of a mail that the holder's server says nothing about: asks DNS for what `mail::dkim` wants to
//! know. Bounded in time and questions; called by intake and by `odjava explain --verify`, never inside a transaction.

mod resolver;
mod wire;

pub use resolver::Resolver;

use crate::domain::Timestamp;
use crate::domain::reply::proof::{Inquiry, Proof};
use crate::mail::dkim::{Answer, Answers, Step, examine};
use std::time::Duration;

/// Questions to DNS for one mail.
const QUESTIONS_MAX: usize = 16;
/// Rounds of questions: keys, the policy of the author's domain and of its parents, keys of seals.
const ROUNDS_MAX: usize = 8;
/// Time that all questions for one mail may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time for one try at one server.
pub const WAIT: Duration = Duration::from_millis(2_500);

/// What the signatures of a mail prove. Questions that stay without an answer leave the proof open.
pub async fn verify(resolver: &Resolver, raw: &[u8], inquiry: &Inquiry, arrived_at: Timestamp) -> Proof {
    let mut answers = Answers::new();
    let mut asked = 0;
    let all_asked = tokio::time::timeout(PATIENCE, async {
        for _ in 0..ROUNDS_MAX {
            match examine(raw, inquiry, &answers, arrived_at) {
                Step::Done(proof) => return Some(proof),
                Step::Ask(names) => {
                    for name in names {
                        let (answer, is_new) =
                            if asked < QUESTIONS_MAX { resolver.texts(&name).await } else { (Answer::Absent, false) };
                        asked += usize::from(is_new);
                        answers.insert(name, answer);
                    }
                }
            }
        }
        None
    });
    if let Ok(Some(proof)) = all_asked.await {
        return proof;
    }
    // Whatever is still wanted counts as not answered.
    for _ in 0..ROUNDS_MAX {
        match examine(raw, inquiry, &answers, arrived_at) {
            Step::Done(proof) => return proof,
            Step::Ask(names) => answers.extend(names.into_iter().map(|name| (name, Answer::Failed))),
        }
    }
    Proof::impossible("its signatures are too many to be tested")
}
