//! Where the command line meets the daemon: `run`, the look at the servers for `check`, and reading a message
//! once more. Only here does `cli` call tasks or need tokio.

use super::desk::{Desk, Place};
use crate::clock::Clock;
use crate::config::account::{Account, MailSink};
use crate::config::lexicon;
use crate::daemon::{self, Parts, StoreHandle, intake, mailbox, smtp, telemetry, verify};
use crate::domain::reply::{Lexicon, MessageKey};
use crate::explain::Prover;
use crate::rulebook::ConfiguredRules;
use crate::store::CaseId;
use anyhow::{Context, anyhow};
use std::future::Future;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Logs to stderr; the daemon tells its deeds without being asked.
pub(super) fn set_up_logging(verbose: u8, json: bool, is_daemon: bool) {
    telemetry::init(verbose.saturating_add(u8::from(is_daemon)), json);
}

/// What the tasks of the daemon share, over these rules.
pub(super) fn parts(rules: &Arc<ConfiguredRules>, clock: &Arc<dyn Clock>, store: StoreHandle) -> anyhow::Result<Parts> {
    let lexicon = lexicon_of(rules)?;
    Ok(Parts {
        config: Arc::clone(&rules.config),
        rules: Arc::clone(rules) as Arc<dyn crate::engine::Rulebook>,
        clock: Arc::clone(clock),
        lexicon: Arc::new(lexicon),
        public_domains: Arc::new(rules.directory.public_domains()),
        resolver: resolver(rules, clock),
        store,
    })
}

/// The phrases, with those of the folder that the config names.
pub(super) fn lexicon_of(rules: &ConfiguredRules) -> anyhow::Result<Lexicon> {
    lexicon_with(rules.config.directory.lexicon.as_deref())
}

/// The phrases, with those of a folder.
pub(super) fn lexicon_with(folder: Option<&Path>) -> anyhow::Result<Lexicon> {
    lexicon::load(folder).map_err(|problems| anyhow!("{}", super::facts::listed(&problems)))
}

/// Who asks for the keys of signatures, unless the config says that nobody does.
fn resolver(rules: &ConfiguredRules, clock: &Arc<dyn Clock>) -> Option<Arc<verify::Resolver>> {
    let trust = &rules.config.trust;
    trust.verify_dkim.then(|| Arc::new(verify::Resolver::new(&trust.dns, verify::WAIT, Arc::clone(clock))))
}

/// Tests signatures for `explain`. Without a config the name servers of the system are asked.
pub(super) fn prover(place: &Place) -> anyhow::Result<Box<Prover>> {
    let servers = place.rules().map(|rules| rules.config.trust.dns.clone()).unwrap_or_default();
    let resolver = verify::Resolver::new(&servers, verify::WAIT, Arc::clone(&place.clock));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the system gives no event queue; end some programs and try again")?;
    let now = place.clock.now();
    Ok(Box::new(move |raw, inquiry| runtime.block_on(verify::verify(&resolver, raw, inquiry, now))))
}

/// Runs the daemon until it is told to stop, or once.
pub(super) fn run(place: &Place, once: bool) -> anyhow::Result<ExitCode> {
    let rules = Arc::new(place.rules()?);
    let file = rules.config.store.path.clone();
    let parts = parts(&rules, &place.clock, daemon::start_store(&file)?)?;
    block_on(async { if once { daemon::run_once(parts, &file).await } else { daemon::run(parts, &file).await } })??;
    Ok(ExitCode::SUCCESS)
}

/// Runs asynchronous work to its end on threads of its own.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the system gives no threads; end some programs and try again")?;
    let done = runtime.block_on(work);
    // A command that asks for a secret may still run; the end does not wait for it.
    runtime.shutdown_background();
    Ok(done)
}

/// Reads a stored message once more for a case; `vouched`: the holder says that it is the carrier's.
pub(super) fn reread(desk: &mut Desk, key: MessageKey, case: CaseId, vouched: bool) -> anyhow::Result<()> {
    let handle = daemon::start_store(desk.store.path())?;
    let parts = parts(&desk.rules, &desk.clock, handle)?;
    Ok(desk.store.transaction(|tx| intake::reread(&parts, tx, key, case, vouched))?)
}

/// Connects to the servers of each account and logs in; what each said.
pub(super) fn ask_servers(
    place: &Place,
    rules: ConfiguredRules,
) -> anyhow::Result<Vec<(String, Result<String, String>)>> {
    let rules = Arc::new(rules);
    let parts = parts(&rules, &place.clock, daemon::start_store(&rules.config.store.path)?)?;
    block_on(async {
        let mut found = Vec::new();
        for account in rules.config.accounts.values() {
            found.push((format!("account {}, inbox", account.name), mailbox::check(&parts, account).await));
            if let Some(outcome) = ask_smtp(account).await {
                found.push((format!("account {}, smtp login", account.name), outcome));
            }
        }
        found
    })
}

/// Goes as far as naming sender and recipient, both the holder, and takes leave: nothing is sent.
async fn ask_smtp(account: &Account) -> Option<Result<String, String>> {
    let MailSink::Smtp(endpoint) = &account.sink else { return None };
    let secret = match mailbox::secret_of(endpoint).await {
        Ok(secret) => secret,
        Err(reason) => return Some(Err(reason)),
    };
    let letter = smtp::Letter { from: &account.address, to: &account.address, raw: b"" };
    let limits = smtp::Limits::default();
    Some(match smtp::prepare(endpoint, secret.as_ref(), &letter, &limits).await {
        Ok(prepared) => {
            prepared.abandon(&limits).await;
            Ok(format!("{}:{} takes mail from you", endpoint.host, endpoint.port))
        }
        Err(error) => Err(error.reason),
    })
}
