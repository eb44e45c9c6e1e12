//! `odjava demo`: the whole life of a case on this machine, in a moment. The carrier is scripted and the clock
//! is ours; config, store, engine, composer, daemon, parser and reader are the real ones.

mod carrier;
mod stage;

use super::answer;
use super::arguments::{Answer, Demo, FactFlags, New, Pace};
use super::output::{Output, paint};
use super::{new, wording};
use crate::domain::Timestamp;
use crate::domain::address::Reference;
use crate::domain::case::{Case, State};
use crate::domain::decide;
use crate::domain::event::Event;
use anyhow::{Context, bail};
use carrier::{ACKNOWLEDGEMENT, CONFIRMATION, FORGED, GENUINE, Incoming, PASSPORT, PASSPORT_WANTED};
use serde_json::json;
use stage::{Stage, ZONE, moment};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Tells the story; exit code 0 only when the case really reached its end.
pub(super) fn demo(what: &Demo, output: &mut Output) -> anyhow::Result<ExitCode> {
    let folder = folder(what)?;
    let stage = Stage::set(&folder, moment(3, 2, 10, 0)?)?;
    let mut teller = Teller { stage, output, pace: what.pace, reference: None, told: (None, String::new()) };
    teller.headline(
        "Li Wei's line at Dunavtel is to be cancelled. The carrier and the clock are invented, odjava is real.",
    )?;
    let state = teller.whole_story()?;
    teller.end(&folder, state == "done")
}

fn folder(what: &Demo) -> anyhow::Result<PathBuf> {
    let Some(folder) = &what.dir else {
        let base = std::env::temp_dir();
        let free =
            (0..1000).map(|n| base.join(format!("odjava-demo-{}-{n}", std::process::id()))).find(|p| !p.exists());
        return free.with_context(|| format!("{} is full of demos; name a folder with --dir", base.display()));
    };
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(std::path::absolute(folder)?)
}

/// Column at which the words begin.
const INDENT: usize = 30;
/// Width of the words.
const WIDTH: usize = 74;

/// A text in lines of at most [`WIDTH`] characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, |l| l.chars().count());
        if line > 0 && line + 1 + word.chars().count() > WIDTH {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}

/// Who does something in the story.
#[derive(Clone, Copy)]
enum Who {
    You,
    Odjava,
    Carrier,
    Stranger,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::Odjava => "odjava",
            Self::Carrier => "Dunavtel",
            Self::Stranger => "a stranger",
        }
    }

    fn paint(self) -> &'static str {
        match self {
            Self::You => paint::YOURS,
            Self::Odjava => paint::GOOD,
            Self::Carrier => paint::STRONG,
            Self::Stranger => paint::BAD,
        }
    }
}

struct Teller<'a> {
    stage: Stage,
    output: &'a mut Output,
    pace: Pace,
    reference: Option<Reference>,
    /// When the last line was told, and the situation it left.
    told: (Option<Timestamp>, String),
}

impl Teller<'_> {
    fn whole_story(&mut self) -> anyhow::Result<&'static str> {
        self.request()?;
        self.acknowledged()?;
        self.silence()?;
        self.passport()?;
        self.forged()?;
        self.confirmed()?;
        self.aftercare()
    }

    fn request(&mut self) -> anyhow::Result<()> {
        self.tell(Who::You, "odjava new --carrier Dunavtel --msisdn 060/123-4567")?;
        let wish = New {
            carrier: Some("dunavtel".to_owned()),
            facts: FactFlags { msisdn: Some("060/123-4567".to_owned()), ..FactFlags::default() },
            ..New::default()
        };
        let row = new::open_as_told(&mut self.stage.desk, &wish)?;
        let reference = row.case.reference.clone();
        self.reference = Some(reference.clone());
        let subject = decide::awaiting_approval(&row.case).map(|m| m.letter.subject.clone()).unwrap_or_default();
        self.tell(Who::Odjava, &format!("drafts “{subject}” and three reminders, and shows them to you"))?;
        self.because(&row.case, "nothing leaves before you have read and approved it")?;
        self.stage.wait_until(3, 2, 10, 4)?;
        self.tell(Who::You, &format!("odjava approve {reference}"))?;
        self.approve(&reference)?;
        self.work("the mail server took it: that proves sending, not reading")?;
        self.expect("awaiting_reply")
    }

    fn acknowledged(&mut self) -> anyhow::Result<()> {
        self.stage.wait_until(3, 3, 9, 12)?;
        self.receive(
            Who::Carrier,
            "support@dunavtel.example",
            GENUINE,
            "We have received your request",
            ACKNOWLEDGEMENT,
        )?;
        self.work("a receipt is no confirmation: the case stays open, the ticket is remembered")?;
        self.expect("awaiting_reply")
    }

    fn silence(&mut self) -> anyhow::Result<()> {
        self.stage.wait_until(3, 10, 8, 30)?;
        self.tell(Who::Carrier, "… a week of silence …")?;
        self.work("seven days are not over yet, and it is before office hours")?;
        self.stage.wait_until(3, 10, 9, 12)?;
        self.work(
            "seven days since the last sign of life, in office hours: a polite reminder, approved with the request",
        )?;
        if self.case()?.state.progress().follow_ups_sent != 1 {
            bail!("the story went wrong: no reminder was sent");
        }
        self.expect("awaiting_reply")
    }

    fn passport(&mut self) -> anyhow::Result<()> {
        self.stage.wait_until(3, 11, 11, 40)?;
        self.receive(
            Who::Carrier,
            "support@dunavtel.example",
            GENUINE,
            "please send a copy of your passport",
            PASSPORT_WANTED,
        )?;
        self.work("that is yours to decide: the clock stops, no document is ever sent unasked")?;
        self.expect("needs_you")?;
        self.stage.wait_until(3, 11, 18, 5)?;
        let reference = self.reference()?;
        let document = self.stage.folder.join("passport.png");
        std::fs::write(&document, PASSPORT)?;
        self.tell(Who::You, &format!("odjava answer {reference} --attach passport.png --approve"))?;
        let what = Answer {
            reference: reference.clone(),
            text: None,
            text_file: None,
            template: Some("document_enclosed".to_owned()),
            attach: vec![document],
            approve: true,
        };
        answer::draft(&mut self.stage.desk, &what, "")?;
        self.approve(&reference)?;
        self.work("answered in the same thread; the wait begins anew")?;
        self.expect("awaiting_reply")
    }

    fn forged(&mut self) -> anyhow::Result<()> {
        self.stage.wait_until(3, 12, 20, 15)?;
        let before = self.case()?;
        self.receive(
            Who::Stranger,
            "support@dunavtel.example",
            FORGED,
            "your contract has been terminated",
            CONFIRMATION,
        )?;
        self.work("your mail server says that it is not Dunavtel's: you are told, and nothing changes")?;
        if self.case()? != before {
            bail!("the story went wrong: a forged confirmation changed the case");
        }
        self.expect("awaiting_reply")
    }

    fn confirmed(&mut self) -> anyhow::Result<()> {
        self.stage.wait_until(3, 13, 10, 30)?;
        self.receive(
            Who::Carrier,
            "support@dunavtel.example",
            GENUINE,
            "your contract has been terminated",
            CONFIRMATION,
        )?;
        self.work("the same words, proven to be Dunavtel's: confirmed, and the end lies ahead")?;
        self.expect("confirmed")
    }

    fn aftercare(&mut self) -> anyhow::Result<&'static str> {
        self.stage.wait_until(4, 1, 8, 0)?;
        self.work("31 March is over: done, with the mail that proves it")?;
        self.expect("done")?;
        self.stage.wait_until(4, 2, 9, 0)?;
        self.work("a day later: is the profile off the phone? Bills are watched for 35 days")?;
        let case = self.case()?;
        match &case.state {
            State::Done { aftercare, .. } if aftercare.device_check_at.is_none() => Ok(case.state.name()),
            _ => bail!("the story went wrong: the phone was not asked about"),
        }
    }

    fn reference(&self) -> anyhow::Result<Reference> {
        self.reference.clone().context("the story has no case")
    }

    fn case(&mut self) -> anyhow::Result<Case> {
        let reference = self.reference()?;
        Ok(self.stage.case(&reference)?.case)
    }

    fn expect(&mut self, state: &str) -> anyhow::Result<()> {
        let found = self.case()?.state.name();
        if found == state { Ok(()) } else { bail!("the story went wrong: the case is `{found}`, not `{state}`") }
    }

    fn approve(&mut self, reference: &Reference) -> anyhow::Result<()> {
        let row = self.stage.case(reference)?;
        let (engine, ..) = self.stage.desk.parts();
        let digest = engine.approval_digest(&row.case)?.context("no text waits for approval")?;
        self.stage.desk.apply(reference, &Event::DraftApproved { digest })?;
        Ok(())
    }

    /// A mail arrives in the holder's mailbox.
    fn receive(&mut self, who: Who, from: &str, verdict: &str, gist: &str, body: &str) -> anyhow::Result<()> {
        let reference = self.reference()?;
        let (at, answers) = (self.stage.now(), self.stage.last_sent(&reference)?);
        let id = format!("{}@dunavtel.example", at.timestamp());
        let from = format!("Dunavtel <{from}>");
        let subject = format!("Re: Request to terminate the contract [{reference}]");
        let mail = Incoming { verdict, from: &from, answers: answers.as_ref(), id: &id, subject: &subject, at, body };
        let label = if matches!(who, Who::Stranger) { "from-a-stranger" } else { "from-carrier" };
        self.stage.deliver("mailbox/inbox", label, &mail.bytes())?;
        self.tell(who, &format!("writes: “{gist}”"))
    }

    /// The daemon does what is due; what it did and why is told.
    fn work(&mut self, why: &str) -> anyhow::Result<()> {
        let reference = self.reference()?;
        let carried = self.stage.work(&reference)?;
        let (nudges, letters): (Vec<_>, Vec<_>) = carried.into_iter().partition(|c| c.is_nudge);
        for letter in letters {
            self.tell(Who::Odjava, &format!("sends “{}”", letter.subject))?;
        }
        let case = self.case()?;
        self.because(&case, why)?;
        for nudge in nudges {
            self.aside(&format!("mail to you: “{}”", nudge.subject))?;
        }
        Ok(())
    }

    fn headline(&mut self, text: &str) -> anyhow::Result<()> {
        if !self.output.json() {
            self.output.line(format!("{}{text}{}\n", paint::STRONG, paint::PLAIN))?;
        }
        Ok(())
    }

    /// One line of the story.
    fn tell(&mut self, who: Who, text: &str) -> anyhow::Result<()> {
        self.pause();
        let at = self.stage.now();
        self.told.0 = Some(at);
        if self.output.json() {
            return self.output.object(&json!({"at": at, "who": who.name(), "text": text}));
        }
        let when = at.with_timezone(&ZONE).format("%a %d %b %H:%M");
        let mut lines = wrapped(text).into_iter();
        let first = lines.next().unwrap_or_default();
        let name = format!("{}{:<10}{}", who.paint(), who.name(), paint::PLAIN);
        self.output.line(format!("{}{when}{}  {name}  {first}", paint::FAINT, paint::PLAIN))?;
        for line in lines {
            self.output.line(format!("{:INDENT$}{line}", ""))?;
        }
        Ok(())
    }

    /// Why odjava did what it did, and the state where that has changed.
    fn because(&mut self, case: &Case, why: &str) -> anyhow::Result<()> {
        let ticket = case.tickets.last().map(|t| format!(", ticket {t}")).unwrap_or_default();
        let situation = format!("{}: {}{ticket}", case.state.name(), wording::situation(case));
        if self.output.json() {
            self.told.0 = Some(self.stage.now());
            return self.output.object(&json!({"at": self.stage.now(), "who": "odjava", "text": why,
                "reference": case.reference, "state": case.state.name(), "ticket": case.tickets.last()}));
        }
        if self.told.0 == Some(self.stage.now()) {
            self.aside(why)?;
        } else {
            self.tell(Who::Odjava, why)?;
        }
        if self.told.1 != situation {
            self.output.line(format!("{:INDENT$}{}= {situation}{}", "", paint::STRONG, paint::PLAIN))?;
            self.told.1 = situation;
        }
        Ok(())
    }

    fn aside(&mut self, text: &str) -> anyhow::Result<()> {
        if self.output.json() {
            return self.output.object(&json!({"at": self.stage.now(), "who": "odjava", "text": text}));
        }
        for line in wrapped(text) {
            self.output.line(format!("{:INDENT$}{}{line}{}", "", paint::FAINT, paint::PLAIN))?;
        }
        Ok(())
    }

    fn pause(&self) {
        if self.pace == Pace::Slow {
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    fn end(self, folder: &Path, done: bool) -> anyhow::Result<ExitCode> {
        let reference = self.reference()?;
        if self.output.json() {
            let fields = json!({"done": done, "reference": reference, "folder": folder, "mails": folder.join("mails")});
            self.output.object(&fields)?;
        } else {
            let config = folder.join("odjava.toml");
            self.output.line(format!(
                "\nEvery mail of it, to look at:   {}\nThe whole case with its proof:  odjava --config {} show {reference}\nTo clean up:                    rm -r {}",
                folder.join("mails").display(),
                config.display(),
                folder.display()
            ))?;
        }
        Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
