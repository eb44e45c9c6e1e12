//! The grammar of the command line, with an example for every command. Says nothing about what they do.

pub use super::fact_flags::FactFlags;
use crate::domain::Date;
use crate::domain::address::{Address, Reference};
use crate::domain::carrier::ChannelKind;
use crate::domain::reply::MessageKey;
use clap::{ArgGroup, Args, ColorChoice, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Heading of the flags that every command takes, so that they do not stand among its own.
const EVERYWHERE: &str = "Every command";

/// Gets a phone line or eSIM cancelled by e-mail and makes sure that it really was.
#[derive(Debug, Parser)]
#[command(
    name = "odjava",
    version,
    propagate_version = true,
    after_help = "Try it without setting anything up:  odjava demo\nThen:  odjava init, odjava check, odjava new, odjava approve REF, odjava run"
)]
pub struct Arguments {
    /// The config file [default: ~/.config/odjava/odjava.toml]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "PATH", env = "ODJAVA_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print JSON: one object, or one per line for lists
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// When to colour; NO_COLOR is obeyed
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "WHEN", default_value = "auto")]
    pub color: Colour,
    /// Log more to stderr; -vv for much more
    #[arg(short, long, global = true, help_heading = EVERYWHERE, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On terminals, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Colour> for ColorChoice {
    fn from(colour: Colour) -> Self {
        match colour {
            Colour::Auto => Self::Auto,
            Colour::Always => Self::Always,
            Colour::Never => Self::Never,
        }
    }
}

/// The commands of the manual.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the config file, with comments that say what to fill in
    #[command(
        after_help = "Example: odjava init --name \"Li Wei\" --address li.wei@mailhost.example \\\n           --imap-host imap.mailhost.example --smtp-host smtp.mailhost.example"
    )]
    Init(Init),
    /// Check config, templates, carriers, store, secrets, clock and mail servers
    #[command(after_help = "Example: odjava check --offline")]
    Check(Check),
    /// Look carriers and regulators up by name, former name, phone number or ICCID prefix
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples: odjava carriers telenor\n          odjava carriers +381641234567\n          odjava carriers show mts-rs"
    )]
    Carriers(Carriers),
    /// Open a case: one line to be cancelled at one carrier
    #[command(
        after_help = "Examples: odjava new --carrier mts --msisdn +381601234567\n          odjava new --carrier other --to service@carrier.example --order A-1234 --attach passport.jpg\n          odjava new --csv-header > lines.csv\n          odjava new --from-csv lines.csv\n\nWhat is missing is asked for at a terminal.\nColumns of the CSV file are named as the flags, in any order, and those you do not need may be left out;\n--csv-header prints them all. Several addresses or files are parted by spaces, several names by |."
    )]
    New(New),
    /// Show the cases
    #[command(
        visible_alias = "ls",
        after_help = "Examples: odjava list --all\n          odjava list --state needs_you --json\n          odjava list --unfiled"
    )]
    List(List),
    /// Show one case with its timeline
    #[command(after_help = "Example: odjava show 7Q2M")]
    Show {
        /// The case, such as 7Q2M
        #[arg(value_name = "REF", value_parser = reference)]
        reference: Reference,
    },
    /// Show the text that waits for approval
    #[command(after_help = "Example: odjava draft 7Q2M --save-attachments ~/look")]
    Draft {
        /// The case, such as 7Q2M
        #[arg(value_name = "REF", value_parser = reference)]
        reference: Reference,
        /// Write the copies of documents into a folder, to look at what is sent
        #[arg(long, value_name = "DIR")]
        save_attachments: Option<PathBuf>,
    },
    /// Approve the text you were last shown, so that it is sent
    #[command(after_help = "Example: odjava approve 7Q2M")]
    Approve {
        /// The case, such as 7Q2M
        #[arg(value_name = "REF", value_parser = reference)]
        reference: Reference,
        /// Digest of the text you read, as `draft` shows it [default: that of the text last shown]
        #[arg(long)]
        digest: Option<String>,
    },
    /// Change the facts or the text of a case before it is sent
    #[command(
        after_help = "Examples: odjava edit 7Q2M --to service@carrier.example\n          odjava edit 7Q2M --subject \"Termination\" --body-file letter.txt\n\nWithout a flag the text is opened in $VISUAL or $EDITOR."
    )]
    Edit(Edit),
    /// Take a case back; what the carrier already has is not called back
    #[command(after_help = "Example: odjava withdraw 7Q2M")]
    Withdraw {
        /// The case, such as 7Q2M
        #[arg(value_name = "REF", value_parser = reference)]
        reference: Reference,
    },
    /// Write to nobody before a date: what is approved leaves then, and follow-ups wait
    #[command(after_help = "Examples: odjava hold 7Q2M --until 2026-12-01\n          odjava hold 7Q2M --lift")]
    Hold(Hold),
    /// Answer the carrier's question
    #[command(
        after_help = "Examples: odjava answer 7Q2M --template document_enclosed --attach passport.jpg\n          odjava answer 7Q2M --text \"My customer number is 4711.\" --approve"
    )]
    Answer(Answer),
    /// Settle what a case asks of you
    #[command(
        after_help = "Examples: odjava resolve 7Q2M --keep-waiting\n          odjava resolve 7Q2M --confirmed --effective 2026-12-31\n          odjava resolve 7Q2M --sent-by shop\n          odjava resolve 7Q2M --trust 12"
    )]
    Resolve(Resolve),
    /// Run the daemon: send, watch, follow up, nudge
    #[command(after_help = "Example: odjava run --once")]
    Run(Run),
    /// Say how odjava reads these messages
    #[command(after_help = "Example: odjava explain reply.eml --json")]
    Explain(Explain),
    /// Tell the whole life of a case on this machine, with nothing set up
    #[command(after_help = "Example: odjava demo --dir /tmp/odjava-demo")]
    Demo(Demo),
    /// Print completions for a shell
    #[command(after_help = "Example: odjava completions bash > ~/.local/share/bash-completion/completions/odjava")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Your name as the carriers know it
    #[arg(long)]
    pub name: Option<String>,
    /// The address registered with the carriers
    #[arg(long, value_parser = address)]
    pub address: Option<Address>,
    /// Language of the mails to you: en, zh-CN or sr-Latn
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// Your time zone, such as Europe/Belgrade
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Host of incoming mail
    #[arg(long, value_name = "HOST")]
    pub imap_host: Option<String>,
    /// Host of outgoing mail
    #[arg(long, value_name = "HOST")]
    pub smtp_host: Option<String>,
    /// Shell command whose first line of output is the password
    #[arg(long, value_name = "COMMAND")]
    pub password_command: Option<String>,
    /// Replace a config that is there
    #[arg(long)]
    pub force: bool,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Ask no server
    #[arg(long)]
    pub offline: bool,
}

/// `carriers`.
#[derive(Debug, Args)]
pub struct Carriers {
    /// Part of a name, a phone number or the beginning of an ICCID
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Show one record
    #[command(subcommand)]
    pub act: Option<CarriersAct>,
}

/// What else `carriers` can do.
#[derive(Debug, Subcommand)]
pub enum CarriersAct {
    /// Show all that is known of one carrier or regulator, with sources
    Show {
        /// Its id or a name, such as mts-rs, yettel or ratel
        id: String,
    },
}

/// `new`.
#[derive(Debug, Clone, Default, Args)]
pub struct New {
    /// The carrier: name, alias or id; `other` for one that is not in the directory
    #[arg(long, value_name = "NAME")]
    pub carrier: Option<String>,
    /// The facts
    #[command(flatten)]
    pub facts: FactFlags,
    /// Which mailbox, where the config has several
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Language of the letters [default: the first of the carrier's record]
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// Open a case for each row of a CSV file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["carrier", "name", "msisdn", "iccid", "eid", "customer_number", "contract_number", "order", "contract_date", "also_named", "jmbg", "passport_number", "postal_address", "to", "attach"])]
    pub from_csv: Option<PathBuf>,
    /// Leave rows with problems out instead of opening none
    #[arg(long, requires = "from_csv")]
    pub skip_bad: bool,
    /// Charset of the CSV file where it is neither Unicode nor windows-1250, such as gbk or windows-1251
    #[arg(long, value_name = "NAME", requires = "from_csv")]
    pub csv_encoding: Option<String>,
    /// Print the first line of such a file, to be filled in below
    #[arg(long, exclusive = true)]
    pub csv_header: bool,
}

/// `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Ended cases too
    #[arg(long)]
    pub all: bool,
    /// Only cases in this state
    #[arg(long, value_parser = ["collecting", "drafted", "sending", "awaiting_reply", "needs_you", "confirmed", "done", "closed"])]
    pub state: Option<String>,
    /// Messages that no case claims, instead of cases
    #[arg(long, conflicts_with_all = ["all", "state"])]
    pub unfiled: bool,
}

/// `edit`.
#[derive(Debug, Args)]
pub struct Edit {
    /// The case, such as 7Q2M
    #[arg(value_name = "REF", value_parser = reference)]
    pub reference: Reference,
    /// New facts; the texts are written anew from them
    #[command(flatten)]
    pub facts: FactFlags,
    /// Enclose nothing
    #[arg(long, conflicts_with = "attach")]
    pub no_attachments: bool,
    /// New subject of the text that waits for approval
    #[arg(long)]
    pub subject: Option<String>,
    /// File with the new text; - for standard input
    #[arg(long, value_name = "FILE")]
    pub body_file: Option<PathBuf>,
}

/// `hold`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("how_long").required(true).args(["until", "lift"])))]
pub struct Hold {
    /// The case, such as 7Q2M
    #[arg(value_name = "REF", value_parser = reference)]
    pub reference: Reference,
    /// First day on which to go on
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub until: Option<Date>,
    /// Go on as before
    #[arg(long)]
    pub lift: bool,
}

/// `answer`.
#[derive(Debug, Args)]
pub struct Answer {
    /// The case, such as 7Q2M
    #[arg(value_name = "REF", value_parser = reference)]
    pub reference: Reference,
    /// What to say; the letter around it is written for you
    #[arg(long, conflicts_with = "text_file")]
    pub text: Option<String>,
    /// File with what to say; - for standard input
    #[arg(long, value_name = "FILE")]
    pub text_file: Option<PathBuf>,
    /// Which letter [default: by what is attached]
    #[arg(long, value_name = "NAME", value_parser = ["answer", "document_enclosed", "payment_proof"])]
    pub template: Option<String>,
    /// A document to enclose (JPEG, PNG or scanned PDF), as a copy marked for this use; repeat for more
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Approve it at once
    #[arg(long)]
    pub approve: bool,
}

/// `resolve`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("how").required(true).args(["keep_waiting", "confirmed", "answered", "sent_by", "sent", "not_sent", "refused", "lapsed", "file", "trust"])))]
pub struct Resolve {
    /// The case, such as 7Q2M
    #[arg(value_name = "REF", value_parser = reference)]
    pub reference: Reference,
    /// Nothing to do: go on as before
    #[arg(long)]
    pub keep_waiting: bool,
    /// It is cancelled; you know it
    #[arg(long)]
    pub confirmed: bool,
    /// With --confirmed: the last day
    #[arg(long, value_name = "DATE", value_parser = date, requires = "confirmed", conflicts_with_all = ["keep_waiting", "answered", "sent_by", "sent", "not_sent", "refused", "lapsed", "file", "trust"])]
    pub effective: Option<Date>,
    /// You answered the carrier yourself
    #[arg(long)]
    pub answered: bool,
    /// The request went another way
    #[arg(long, value_name = "CHANNEL", value_parser = ChannelKind::ALL.map(|(name, _)| name))]
    pub sent_by: Option<String>,
    /// The mail in doubt did leave
    #[arg(long)]
    pub sent: bool,
    /// The mail in doubt did not leave: send it again
    #[arg(long)]
    pub not_sent: bool,
    /// You accept the carrier's no
    #[arg(long)]
    pub refused: bool,
    /// The line ended by itself
    #[arg(long)]
    pub lapsed: bool,
    /// This unfiled message belongs to the case
    #[arg(long, value_name = "MESSAGE", value_parser = message)]
    pub file: Option<MessageKey>,
    /// This unproven message really is the carrier's
    #[arg(long, value_name = "MESSAGE", value_parser = message)]
    pub trust: Option<MessageKey>,
}

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Do what is due and return
    #[arg(long)]
    pub once: bool,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Messages (.eml), mbox files, folders of either, Maildirs, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Cases to match against, instead of the open ones of the store
    #[arg(long, value_name = "FILE")]
    pub cases: Option<PathBuf>,
    /// Folder of phrases that add to those built in [default: as the config says]
    #[arg(long, value_name = "FOLDER")]
    pub lexicon: Option<PathBuf>,
    /// Ask DNS for the keys of signatures where your mail server wrote no verdict
    #[arg(long)]
    pub verify: bool,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to put store and mailboxes [default: a new folder for temporary files]
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// How fast to tell it
    #[arg(long, value_name = "PACE", default_value = "fast")]
    pub pace: Pace,
}

/// How fast the story of `demo` is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pace {
    /// At once.
    Fast,
    /// A step every second, to read along.
    Slow,
}

fn reference(text: &str) -> Result<Reference, String> {
    Reference::parse(text).ok_or_else(|| {
        "no case can be called that (a reference looks like 7Q2M); `odjava list` shows those there are".to_owned()
    })
}

fn message(text: &str) -> Result<MessageKey, String> {
    let number = text.trim().trim_start_matches('#').parse::<i64>().ok().filter(|n| *n > 0);
    number.map(MessageKey).ok_or_else(|| "give the number of the message, as `odjava show` has it".to_owned())
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|e| e.to_string())
}

/// A day as people write it: `2026-12-31` or `31.12.2026`.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let trimmed = text.trim().trim_end_matches('.');
    ["%Y-%m-%d", "%d.%m.%Y"]
        .iter()
        .find_map(|format| Date::parse_from_str(trimmed, format).ok())
        .ok_or_else(|| format!("`{text}` is no date such as 2026-12-31"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_holds_together_and_every_command_has_an_example() {
        let command = Arguments::command();
        command.clone().debug_assert();
        for sub in command.get_subcommands() {
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("odjava "), "{} has no example", sub.get_name());
        }
    }

    #[test]
    fn exactly_one_way_to_resolve_is_taken() {
        let parses =
            |words: &[&str]| Arguments::try_parse_from([&["odjava", "resolve", "7Q2M"], words].concat()).is_ok();
        assert!(parses(&["--keep-waiting"]));
        assert!(parses(&["--confirmed", "--effective", "31.12.2026"]));
        assert!(!parses(&[]));
        assert!(!parses(&["--sent", "--not-sent"]));
        assert!(!parses(&["--sent", "--effective", "2026-12-31"]));
        assert!(!parses(&["--sent-by", "pigeon"]));
    }
}
