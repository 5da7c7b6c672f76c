//! The commands for answering a provocation together, and for joint statements.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use entente_cooperation::terms::{AssistanceAnswer, AssistanceMessage, Procedure, SituationState};
use entente_object::spec::cooperation as terms;
use entente_object::spec::vocab::Vocabulary;

use super::cooperation::{ProposalChange, SaidTo, Sign};

fn one_of(vocabulary: &'static Vocabulary) -> PossibleValuesParser {
    PossibleValuesParser::new(vocabulary.terms.iter().copied())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Respond {
    /// Send alerts, and read and write them as CAP 1.2.
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Say what is going on, and see all that belongs to it.
    #[command(subcommand)]
    Situation(SituationCommand),
    /// Ask for help, and give it.
    #[command(subcommand)]
    Assist(Assist),
    /// Attach a playbook (CACAO 2.0) as a list of steps, and tick them. Nothing of it is run.
    #[command(subcommand)]
    Playbook(PlaybookCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// Send an alert.
    #[command(
        after_help = "Example: entente respond alert send --about rok-nato-itpp-2023/dialogue --event 'Jamming at sea' \\\n  \
                      --category Security --urgency Immediate --severity Severe --certainty Observed --headline 'GPS lost'"
    )]
    Send(Box<AlertSend>),
    /// Take in alerts of a CAP 1.2 file; - reads standard input.
    #[command(
        after_help = "Example: entente respond alert import alert.xml --about rok-nato-itpp-2023/dialogue"
    )]
    Import(AlertImport),
    /// Write an alert as CAP 1.2.
    #[command(after_help = "Example: entente respond alert export 3f2a --out alert.xml")]
    Export {
        /// Its id, or the beginning of its UUID.
        id: String,
        /// The file. Default: standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List alerts, the newest last.
    List,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AlertSend {
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: String,
    /// Which event.
    #[arg(long)]
    pub(crate) event: String,
    /// What kind of event; may be repeated.
    #[arg(long, required = true, value_parser = one_of(&terms::ALERT_CATEGORY))]
    pub(crate) category: Vec<String>,
    /// How soon.
    #[arg(long, value_parser = one_of(&terms::ALERT_URGENCY))]
    pub(crate) urgency: String,
    /// How bad.
    #[arg(long, value_parser = one_of(&terms::ALERT_SEVERITY))]
    pub(crate) severity: String,
    /// How sure.
    #[arg(long, value_parser = one_of(&terms::ALERT_CERTAINTY))]
    pub(crate) certainty: String,
    /// Whether it is real. Exercise needs --exercise.
    #[arg(long, default_value = "Actual", value_parser = one_of(&terms::ALERT_STATUS))]
    pub(crate) status: String,
    /// The exercise that it belongs to.
    #[arg(long, value_name = "NAME")]
    pub(crate) exercise: Option<String>,
    /// What it is: an alert, or what becomes of one.
    #[arg(long, default_value = "Alert", value_parser = one_of(&terms::ALERT_MESSAGE))]
    pub(crate) message: String,
    /// The alert that it updates or cancels; may be repeated.
    #[arg(long = "refers-to", value_name = "ID")]
    pub(crate) refers_to: Vec<String>,
    /// What to do; may be repeated.
    #[arg(long, value_parser = one_of(&terms::ALERT_RESPONSE))]
    pub(crate) response: Vec<String>,
    /// In a line.
    #[arg(long)]
    pub(crate) headline: Option<String>,
    /// What happens; - reads standard input.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// What to do, in words.
    #[arg(long)]
    pub(crate) instruction: Option<String>,
    /// Whom to ask: a role.
    #[arg(long)]
    pub(crate) contact: Option<String>,
    /// Where, in words; may be repeated.
    #[arg(long)]
    pub(crate) place: Vec<String>,
    /// When it begins.
    #[arg(long, value_name = "TIME")]
    pub(crate) onset: Option<String>,
    /// Until when it counts.
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// Who sends it, without spaces and commas. Default: KOR-desk.
    #[arg(long)]
    pub(crate) sender: Option<String>,
    /// An object that it belongs to, such as a situation; may be repeated.
    #[arg(long = "subject", value_name = "ID")]
    pub(crate) subjects: Vec<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AlertImport {
    /// The file.
    pub(crate) file: PathBuf,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: String,
    /// The exercise that it belongs to.
    #[arg(long, value_name = "NAME")]
    pub(crate) exercise: Option<String>,
    /// An object that it belongs to, such as a situation; may be repeated.
    #[arg(long = "subject", value_name = "ID")]
    pub(crate) subjects: Vec<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SituationCommand {
    /// Say that something is going on.
    #[command(
        after_help = "Example: entente respond situation open --name 'Launch over the sea' --kind provocation \\\n  \
                      --about rok-nato-itpp-2023/dialogue --began 2023-12-13T01:00:00Z"
    )]
    Open(Box<SituationOpen>),
    /// Change one of this nation's: how it stands, and what belongs to it.
    #[command(
        after_help = "Example: entente respond situation change 3f2a --state monitoring --add indicator--…"
    )]
    Change(SituationChange),
    /// Note what happened, in the timeline of any nation's situation.
    #[command(
        after_help = "Example: entente respond situation note 3f2a --happened 2023-12-13T01:05:00Z --text 'Second launch.'"
    )]
    Note(SituationNote),
    /// List situations, the newest last.
    List,
    /// Show one: timeline, alerts, requests and offers of help, playbooks, statements.
    Show {
        /// Its id, or the beginning of its UUID.
        id: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SituationOpen {
    /// What it is called.
    #[arg(long)]
    pub(crate) name: String,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: String,
    /// What it is: provocation, incident, disaster, or another word.
    #[arg(long, default_value = "incident")]
    pub(crate) kind: String,
    /// When it began. Default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) began: Option<String>,
    /// More about it; - reads standard input.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// An object that belongs to it; may be repeated.
    #[arg(long = "add", value_name = "ID")]
    pub(crate) add: Vec<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SituationChange {
    /// Its id, or the beginning of its UUID.
    pub(crate) id: String,
    /// How it stands: open, monitoring, closed.
    #[arg(long)]
    pub(crate) state: Option<SituationState>,
    /// When it ended.
    #[arg(long, value_name = "TIME")]
    pub(crate) ended: Option<String>,
    /// Another object that belongs to it; may be repeated.
    #[arg(long = "add", value_name = "ID")]
    pub(crate) add: Vec<String>,
    /// Who says it: a person of this nation.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) author: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SituationNote {
    /// Its id, or the beginning of its UUID.
    pub(crate) id: String,
    /// In words; - reads standard input.
    #[arg(long)]
    pub(crate) text: String,
    /// When it happened. Default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) happened: Option<String>,
    /// An object that shows it; may be repeated.
    #[arg(long = "add", value_name = "ID")]
    pub(crate) add: Vec<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Assist {
    /// Ask nations for help. Each decides for itself.
    #[command(
        after_help = "Example: entente respond assist request --resource 'malware analysts' --quantity 4 --to USA,POL \\\n  \
                      --about rok-nato-itpp-2023/cyber-defence --situation 3f2a --answer-by 24h --contact 'duty officer' \\\n  \
                      --text 'Two shifts, on site.'"
    )]
    Request(Box<AssistBegin>),
    /// Offer help that nobody asked for.
    #[command(
        after_help = "Example: entente respond assist offer --resource 'forensics team' --to KOR --contact 'duty officer' \\\n  \
                      --about rok-nato-itpp-2023/cyber-defence --text 'Ready in 12 hours.'"
    )]
    Offer(Box<AssistBegin>),
    /// Answer a message with the next one. What may not follow is refused with what may.
    #[command(
        after_help = "Examples:\n  entente respond assist send ResponseToRequestResource 3f2a --answer Accept --text 'Four, from Monday.'\n  \
                      entente respond assist send RequisitionResource 77c1 --text 'Please.'\n  \
                      entente respond assist send CommitResource 3f2a --text 'They come.'\n  \
                      entente respond assist send ReportResourceDeploymentStatus 3f2a --deployment 'at Incheon' --text 'Landed.'\n  \
                      entente respond assist send ReleaseResource 77c1 --text 'Thank you.'"
    )]
    Send(Box<AssistSend>),
    /// List exchanges: what is open, committed, under way, released.
    List {
        /// Only those where something is open or given.
        #[arg(long)]
        open: bool,
    },
    /// Show an exchange: how it stands with each nation, and what may be sent next.
    Show {
        /// The id of any of its messages, or the beginning of its UUID.
        id: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AssistBegin {
    /// What is asked for or given.
    #[arg(long)]
    pub(crate) resource: String,
    /// In words; - reads standard input.
    #[arg(long)]
    pub(crate) text: String,
    /// Whom to call: a role.
    #[arg(long)]
    pub(crate) contact: String,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: String,
    /// The nations that are asked, with commas. Default: all who may have it.
    #[arg(long = "to", value_delimiter = ',', value_name = "NATIONS")]
    pub(crate) nations: Vec<String>,
    /// The situation that it belongs to.
    #[arg(long, value_name = "ID")]
    pub(crate) situation: Option<String>,
    /// By when an answer is needed.
    #[arg(long, value_name = "TIME")]
    pub(crate) answer_by: Option<String>,
    #[command(flatten)]
    pub(crate) what: What,
    #[command(flatten)]
    pub(crate) said_to: SaidTo,
}

/// How much, from when, until when, where.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct What {
    /// How much.
    #[arg(long)]
    pub(crate) quantity: Option<String>,
    /// From when.
    #[arg(long, value_name = "TIME")]
    pub(crate) begins: Option<String>,
    /// Until when.
    #[arg(long, value_name = "TIME")]
    pub(crate) ends: Option<String>,
    /// Where.
    #[arg(long)]
    pub(crate) place: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AssistSend {
    /// Which message, as EDXL-RM calls it: ResponseToRequestResource, RequisitionResource, CommitResource,
    /// ReportResourceDeploymentStatus, ReleaseResource, RequestReturn, …
    pub(crate) message: AssistanceMessage,
    /// The message that it answers: its id, or the beginning of its UUID.
    pub(crate) answers: String,
    /// Accept, Decline or Provisional, where it answers.
    #[arg(long)]
    pub(crate) answer: Option<AssistanceAnswer>,
    /// Why it is declined, or given for now only.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// How far it is on its way.
    #[arg(long)]
    pub(crate) deployment: Option<String>,
    /// The nations that it is to, with commas. Default: whose message it answers.
    #[arg(long = "to", value_delimiter = ',', value_name = "NATIONS")]
    pub(crate) nations: Vec<String>,
    /// In words; - reads standard input.
    #[arg(long)]
    pub(crate) text: String,
    /// Whom to call: a role.
    #[arg(long, default_value = "duty officer")]
    pub(crate) contact: String,
    #[command(flatten)]
    pub(crate) what: What,
    #[command(flatten)]
    pub(crate) said_to: SaidTo,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlaybookCommand {
    /// Check a file, and list its steps. Needs no node.
    #[command(after_help = "Example: entente respond playbook check wiper.json")]
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Attach a playbook to a situation.
    #[command(after_help = "Example: entente respond playbook attach wiper.json --situation 3f2a")]
    Attach {
        /// The file.
        file: PathBuf,
        /// The situation: its id, or the beginning of its UUID.
        #[arg(long, value_name = "ID")]
        situation: String,
        #[command(flatten)]
        to: SaidTo,
    },
    /// Say that a step was done or decided.
    #[command(
        after_help = "Example: entente respond playbook tick course-of-action--… 3 --text 'Cable pulled.'"
    )]
    Tick {
        /// The id of the course of action.
        id: String,
        /// The step: its number in the list, its id, or the beginning of its UUID.
        step: String,
        /// In words; - reads standard input.
        #[arg(long, default_value = "done")]
        text: String,
        /// What of the programme, as programme/area. Default: as the situation that it was attached to.
        #[arg(long, value_name = "PATH")]
        about: Option<String>,
        #[command(flatten)]
        to: SaidTo,
    },
    /// List the steps of an attached playbook, and who ticked which.
    Show {
        /// The id of the course of action.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Statement {
    /// Write a joint statement, and show it to nations.
    #[command(
        after_help = "Example: entente statement draft --name 'Joint statement' --text statement.txt --tlp clear \\\n  \
                      --about rok-nato-itpp-2023/dialogue --procedure silence --deadline 24h --situation 3f2a"
    )]
    Draft(Box<Draft>),
    /// Ask nations to sign a draft, or put another text or deadline in its place; another text voids answers.
    #[command(after_help = "Example: entente statement propose 3f2a --deadline 12h")]
    Propose(ProposalChange),
    /// Comment on a text.
    #[command(after_help = "Example: entente statement comment 3f2a --text 'Say \"deplore\".'")]
    Comment {
        /// Its id, or the beginning of its UUID.
        id: String,
        /// In words; - reads standard input.
        #[arg(long)]
        text: String,
        #[command(flatten)]
        to: SaidTo,
    },
    /// Answer a text for this nation, as a desk officer. The key's passphrase is in ENTENTE_PASSPHRASE.
    #[command(after_help = "Examples:\n  entente statement sign 3f2a --answer agree --as kim\n  \
                      entente statement sign 3f2a --answer reserve --statement 'as far as our law permits' --as kim")]
    Sign(Sign),
    /// List statements, and how they stand.
    List {
        /// Only those that are not settled.
        #[arg(long)]
        open: bool,
    },
    /// Show one: its text, comments, and what each nation said.
    Show {
        /// Its id, or the beginning of its UUID.
        id: String,
    },
    /// Write an accepted text with all signatures to one file that anyone can check.
    #[command(after_help = "Example: entente statement publish 3f2a --out statement.json")]
    Publish {
        /// Its id, or the beginning of its UUID.
        id: String,
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Write it though its label is not TLP:CLEAR without restrictions: the file is then yours to guard.
        #[arg(long)]
        restricted: bool,
    },
    /// Check a statement's file. Needs no node and no connection.
    #[command(after_help = "Examples:\n  entente statement verify statement.json\n  \
                      entente statement verify statement.json --card pol.json --card usa.json")]
    Verify {
        /// The file.
        file: PathBuf,
        /// A card that you know to be a nation's; may be repeated. Those that a node here accepted are known.
        #[arg(long = "card", value_name = "FILE")]
        cards: Vec<PathBuf>,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Draft {
    /// What it is called.
    #[arg(long)]
    pub(crate) name: String,
    /// The file of the text; - reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) text: PathBuf,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: String,
    /// How it is accepted: consensus, or silence until the deadline.
    #[arg(long, default_value = "consensus")]
    pub(crate) procedure: Procedure,
    /// By when: a time in UTC, or 48h from now.
    #[arg(long, value_name = "TIME")]
    pub(crate) deadline: Option<String>,
    /// Who must accept it, with commas. Default: all parties of the programme.
    #[arg(long, value_delimiter = ',', value_name = "NATIONS")]
    pub(crate) parties: Vec<String>,
    /// The situation that it is about.
    #[arg(long, value_name = "ID")]
    pub(crate) situation: Option<String>,
    /// The statement whose text it amends.
    #[arg(long, value_name = "ID")]
    pub(crate) amends: Option<String>,
    /// Ask for signatures at once.
    #[arg(long)]
    pub(crate) propose: bool,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}
