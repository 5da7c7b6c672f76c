//! The commands for what nations do together.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_cooperation::terms::{
    ActivityState, Answer, CapabilityKind, CapabilityState, Completion, ConsultationState,
    ContributionKind, Procedure, ProposalKind, Rating, RecognitionState,
};

/// Whom what is said goes to, and who says it.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SaidTo {
    /// The nations or groups of the programme that it is for, with commas. Default: all parties.
    #[arg(long, value_delimiter = ',', value_name = "NATIONS")]
    pub(crate) rel_to: Vec<String>,
    /// Its TLP level: clear, green, amber, amber+strict.
    #[arg(long, default_value = "amber")]
    pub(crate) tlp: String,
    /// Caveats that a partner must have accepted.
    #[arg(long = "caveat", value_delimiter = ',')]
    pub(crate) caveats: Vec<String>,
    /// Who says it: a person of this nation.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) author: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Consult {
    /// Ask for a consultation.
    #[command(
        after_help = "Example: entente consult request --name 'Jamming at sea' --about rok-nato-itpp-2023/dialogue \\\n  \
                      --with USA,GBR --reason 'ships lost their position'"
    )]
    Request(Box<ConsultRequest>),
    /// Call nations together.
    #[command(
        after_help = "Example: entente consult convene --name 'Meeting in Seoul' --about rok-nato-itpp-2023/dialogue \\\n  \
                      --with USA,GBR=ambassador --convened-by 'an embassy' --begins 2023-12-13T01:00:00Z --place Seoul \\\n  \
                      --item 'Cyber defence'"
    )]
    Convene(Box<ConsultConvene>),
    /// Change one of this nation's: its state, date, place, agenda or nations.
    #[command(after_help = "Example: entente consult change 3f2a --state held")]
    Change(Box<ConsultChange>),
    /// Say something about a consultation or any other object: a position, a minute, a comment.
    #[command(
        after_help = "Example: entente consult say 3f2a --kind minute --item 2 --text 'Agreed to name teams.' --rel-to POL"
    )]
    Say(Box<Say>),
    /// Write an invitation as iCalendar, for people to mail. It is written for convened meetings, and once more
    /// when one is changed or cancelled. The file is not encrypted and bears content: its label stands in
    /// the description. Who reads it has to be allowed to.
    #[command(after_help = "Example: entente consult invite 3f2a --out seoul.ics")]
    Invite {
        /// Its id, or the beginning of its UUID.
        id: String,
        /// The file; - writes to standard output.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// List consultations, the newest last.
    List {
        /// Only those that were neither held nor called off.
        #[arg(long)]
        open: bool,
    },
    /// Show one: nations, agenda, what was said, what was put to them and how it stands.
    Show {
        /// Its id, or the beginning of its UUID.
        id: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ConsultRequest {
    /// What it is called.
    #[arg(long)]
    pub(crate) name: String,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: String,
    /// The nations that are asked, with commas; with `=`, who speaks for one.
    #[arg(long = "with", value_delimiter = ',', required = true, value_name = "NATIONS")]
    pub(crate) nations: Vec<String>,
    /// Why.
    #[arg(long)]
    pub(crate) reason: String,
    /// An object that it is about, such as a situation; may be repeated.
    #[arg(long = "subject", value_name = "ID")]
    pub(crate) subjects: Vec<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ConsultConvene {
    /// What it is called.
    #[arg(long)]
    pub(crate) name: String,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: String,
    /// The nations, with commas; with `=`, who speaks for one.
    #[arg(long = "with", value_delimiter = ',', required = true, value_name = "NATIONS")]
    pub(crate) nations: Vec<String>,
    /// Who brings them together. Default: this nation.
    #[arg(long)]
    pub(crate) convened_by: Option<String>,
    /// The request that it answers.
    #[arg(long, value_name = "ID")]
    pub(crate) request: Option<String>,
    /// Which nation asked for it. Default: whose the request is, or this nation.
    #[arg(long, value_name = "NATION")]
    pub(crate) requested_by: Option<String>,
    /// More about it.
    #[arg(long)]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) when: When,
    /// What it talks about, in order; may be repeated.
    #[arg(long = "item", value_name = "TITLE")]
    pub(crate) items: Vec<String>,
    /// An object that it is about; may be repeated.
    #[arg(long = "subject", value_name = "ID")]
    pub(crate) subjects: Vec<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

/// When and where nations meet.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct When {
    /// How: in-person, video, hybrid, written, or another.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// When it begins, in UTC: 2023-12-13T01:00:00Z, 2023-12-13, or 48h from now.
    #[arg(long, value_name = "TIME")]
    pub(crate) begins: Option<String>,
    /// When it ends.
    #[arg(long, value_name = "TIME")]
    pub(crate) ends: Option<String>,
    /// Where.
    #[arg(long)]
    pub(crate) place: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ConsultChange {
    /// Its id, or the beginning of its UUID.
    pub(crate) id: String,
    /// The state that it comes to: requested, convened, held, closed, declined, cancelled.
    #[arg(long)]
    pub(crate) state: Option<ConsultationState>,
    /// Why, where it is declined or cancelled.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) when: When,
    /// The nations from now on.
    #[arg(long = "with", value_delimiter = ',', value_name = "NATIONS")]
    pub(crate) nations: Vec<String>,
    /// The agenda from now on; may be repeated.
    #[arg(long = "item", value_name = "TITLE")]
    pub(crate) items: Vec<String>,
    /// Who says it: a person of this nation.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) author: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Say {
    /// About what: an id, or the beginning of its UUID.
    pub(crate) id: String,
    /// What it is: position, minute, comment, question, answer, timeline, step-done, hot-wash,
    /// extension-request.
    #[arg(long, default_value = "comment")]
    pub(crate) kind: ContributionKind,
    /// In words; - reads standard input.
    #[arg(long)]
    pub(crate) text: String,
    /// The number of the agenda item, or the step.
    #[arg(long)]
    pub(crate) item: Option<String>,
    /// When it happened.
    #[arg(long, value_name = "TIME")]
    pub(crate) happened: Option<String>,
    /// What it answers.
    #[arg(long, value_name = "ID")]
    pub(crate) reply_to: Option<String>,
    /// What of the programme, as programme/area. Default: as the object that it is about.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: Option<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Agree {
    /// Put an exact text to nations.
    #[command(
        after_help = "Example: entente agree propose --name Outcomes --kind outcome --text outcomes.txt \\\n  \
                      --about rok-nato-itpp-2023/dialogue --procedure silence --deadline 48h"
    )]
    Propose(Box<Propose>),
    /// Answer a text for this nation, as a desk officer. The key's passphrase is in ENTENTE_PASSPHRASE.
    #[command(after_help = "Examples:\n  entente agree sign 3f2a --answer agree --as kim\n  \
                      entente agree sign 3f2a --answer object --statement 'Not in 2024.' --as kim")]
    Sign(Sign),
    /// Put another text or another deadline in place of one of this nation's; another text voids answers.
    Change(ProposalChange),
    /// Take a proposal back.
    Withdraw {
        /// Its id, or the beginning of its UUID.
        id: String,
    },
    /// Record what this nation's proposals came to, where that is clear. A served node does it by itself.
    Settle,
    /// List what was put to nations, and how it stands.
    List {
        /// Only what is not settled.
        #[arg(long)]
        open: bool,
    },
    /// Show one: its text, what each nation said, and how it stands.
    Show {
        /// Its id, or the beginning of its UUID.
        id: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Propose {
    /// What it is called.
    #[arg(long)]
    pub(crate) name: String,
    /// What it is: outcome, communique, statement, programme.
    #[arg(long, default_value = "outcome")]
    pub(crate) kind: ProposalKind,
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
    /// The consultation that it comes from.
    #[arg(long, value_name = "ID")]
    pub(crate) consultation: Option<String>,
    /// An object that it is about; may be repeated.
    #[arg(long = "subject", value_name = "ID")]
    pub(crate) subjects: Vec<String>,
    /// From when it counts, once accepted.
    #[arg(long, value_name = "TIME")]
    pub(crate) valid_from: Option<String>,
    /// The proposal whose text it amends.
    #[arg(long, value_name = "ID")]
    pub(crate) amends: Option<String>,
    /// Show it, and ask for no answer yet.
    #[arg(long)]
    pub(crate) draft: bool,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Sign {
    /// The proposal's id, or the beginning of its UUID.
    pub(crate) id: String,
    /// The answer: agree, object, abstain, reserve.
    #[arg(long)]
    pub(crate) answer: Answer,
    /// The objection or the reservation, in words.
    #[arg(long, required_if_eq_any = [("answer", "object"), ("answer", "reserve")])]
    pub(crate) statement: Option<String>,
    /// The desk officer.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) officer: String,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ProposalChange {
    /// Its id, or the beginning of its UUID.
    pub(crate) id: String,
    /// The file of another text; - reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) text: Option<PathBuf>,
    /// Another deadline.
    #[arg(long, value_name = "TIME")]
    pub(crate) deadline: Option<String>,
    /// Ask for answers, where it was a draft.
    #[arg(long)]
    pub(crate) propose: bool,
    /// Who says it: a person of this nation.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) author: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Commit {
    /// Undertake something.
    #[command(
        after_help = "Example: entente commit add --name 'Take part in Cyber Coalition' \\\n  \
                      --about rok-nato-itpp-2023/cyber-defence --due 2024-12-31 --responsible 'desk officer, cyber policy' \\\n  \
                      --milestone 'Team named@2024-06-30'"
    )]
    Add(Box<CommitAdd>),
    /// Say how far one of this nation's is.
    #[command(
        after_help = "Example: entente commit update 3f2a --completion substantial --met 'Team named' --evidence report--…"
    )]
    Update(Box<CommitUpdate>),
    /// List what was promised, by whom, and what is late.
    #[command(
        after_help = "Examples:\n  entente commit list --ours\n  entente commit list --to-us --late"
    )]
    List(CommitList),
    /// Take over a table of commitments, xlsx or CSV: new ones, and changes of this nation's own. All of it or
    /// nothing; mistakes are told by cell. With --dry-run nothing changes.
    #[command(
        after_help = "Columns: ID (empty: a new one), Name, About, Responsible, Due, and if you like Promised to, Begins, \\\n  \
                      Milestones (lines of `2024-06-30 | Team named`), Completion, Remark, Description.\n\
                      Example: entente commit list --ours --xlsx ours.xlsx, edit it, entente commit import ours.xlsx"
    )]
    Import {
        /// The file; - reads standard input.
        file: PathBuf,
        #[command(flatten)]
        to: SaidTo,
    },
    /// Show one: owner, dates, milestones and evidence.
    Show {
        /// Its id, or the beginning of its UUID.
        id: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CommitAdd {
    /// What.
    #[arg(long)]
    pub(crate) name: String,
    /// What of the programme it is about, as programme/area/….
    #[arg(long, value_name = "PATH")]
    pub(crate) about: String,
    /// By when.
    #[arg(long, value_name = "TIME")]
    pub(crate) due: String,
    /// Who sees to it: a role.
    #[arg(long)]
    pub(crate) responsible: String,
    /// To whom, with commas. Default: to all parties.
    #[arg(long, value_delimiter = ',', value_name = "NATIONS")]
    pub(crate) promised_to: Vec<String>,
    /// The proposal or consultation that it comes from; may be repeated.
    #[arg(long = "from", value_name = "ID")]
    pub(crate) arises_from: Vec<String>,
    /// From when.
    #[arg(long, value_name = "TIME")]
    pub(crate) begins: Option<String>,
    /// A step on the way, as `name@time`; may be repeated.
    #[arg(long = "milestone", value_name = "NAME@TIME")]
    pub(crate) milestones: Vec<String>,
    /// More about it.
    #[arg(long)]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CommitUpdate {
    /// Its id, or the beginning of its UUID.
    pub(crate) id: String,
    /// How far it is: no-evidence, not-started, limited, substantial, complete.
    #[arg(long)]
    pub(crate) completion: Option<Completion>,
    /// More on how it stands.
    #[arg(long)]
    pub(crate) remark: Option<String>,
    /// An object that shows it; its digest is noted. May be repeated.
    #[arg(long = "evidence", value_name = "ID")]
    pub(crate) evidence: Vec<String>,
    /// A milestone that was met; may be repeated.
    #[arg(long = "met", value_name = "NAME")]
    pub(crate) met: Vec<String>,
    /// Another date by when.
    #[arg(long, value_name = "TIME")]
    pub(crate) due: Option<String>,
    /// Give it up; --remark says why.
    #[arg(long, requires = "remark")]
    pub(crate) drop: bool,
    /// Who says it: a person of this nation.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) author: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CommitList {
    /// What this nation promised.
    #[arg(long, conflicts_with = "to_us")]
    pub(crate) ours: bool,
    /// What others promised to this nation.
    #[arg(long)]
    pub(crate) to_us: bool,
    /// Only what is late.
    #[arg(long)]
    pub(crate) late: bool,
    /// Only what this nation owns.
    #[arg(long, value_name = "NATION")]
    pub(crate) owner: Option<String>,
    /// Only what is about this part of the programme.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: Option<String>,
    #[command(flatten)]
    pub(crate) as_file: AsFile,
}

/// The file that a list is written to. It bears content in clear, each row or entry with its label: who
/// reads it has to be allowed to.
#[derive(Clone, Debug, Default, Args)]
#[group(multiple = false)]
pub(crate) struct AsFile {
    /// Write the list as CSV; - writes to standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Write it as a spreadsheet; no cell is a formula.
    #[arg(long, value_name = "FILE")]
    pub(crate) xlsx: Option<PathBuf>,
    /// Write what is due as a calendar, iCalendar; the label stands in each description.
    #[arg(long, value_name = "FILE")]
    pub(crate) ics: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Area {
    /// Form a working group, or change one: its nations and points of contact.
    Group(Box<GroupArgs>),
    /// Put something on the calendar, or change it.
    Activity(Box<ActivityArgs>),
    /// Note how the recognition of a standard or a certificate stands.
    Recognise(Box<RecogniseArgs>),
    /// Note what this nation needs or offers, or change it.
    Capability(Box<CapabilityArgs>),
    /// Judge something that another nation did.
    Assess(Box<AssessArgs>),
    /// List all that is noted about a part of the programme, by what it is.
    List {
        /// The part, as programme/area. Default: all.
        about: Option<String>,
        /// Only this: working-group, activity, recognition, capability, assessment.
        #[arg(long)]
        kind: Option<String>,
        /// Only what has this text in its name, description or reference.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Write the activities as a calendar, iCalendar; the label stands in each description. - writes to
        /// standard output.
        #[arg(long, value_name = "FILE")]
        ics: Option<PathBuf>,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct GroupArgs {
    /// Change this one instead of forming another.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// What it is called.
    #[arg(long, required_unless_present = "id")]
    pub(crate) name: Option<String>,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH", required_unless_present = "id")]
    pub(crate) about: Option<String>,
    /// Who leads it. Default: this nation.
    #[arg(long, value_name = "NATION")]
    pub(crate) chair: Option<String>,
    /// Who takes part, with commas; with `=`, whom to call.
    #[arg(
        long = "with",
        value_delimiter = ',',
        value_name = "NATIONS",
        required_unless_present = "id"
    )]
    pub(crate) members: Vec<String>,
    /// More about it.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// It ended.
    #[arg(long, requires = "id")]
    pub(crate) ended: bool,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ActivityArgs {
    /// Change this one instead of adding another.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// What it is called.
    #[arg(long, required_unless_present = "id")]
    pub(crate) name: Option<String>,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH", required_unless_present = "id")]
    pub(crate) about: Option<String>,
    /// What it is: meeting, exercise, visit, course, or another.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// When it begins.
    #[arg(long, value_name = "TIME", required_unless_present = "id")]
    pub(crate) begins: Option<String>,
    /// When it ends.
    #[arg(long, value_name = "TIME", required_unless_present = "id")]
    pub(crate) ends: Option<String>,
    /// Where.
    #[arg(long)]
    pub(crate) place: Option<String>,
    /// Who takes part, with commas.
    #[arg(long = "with", value_delimiter = ',', value_name = "NATIONS")]
    pub(crate) participants: Vec<String>,
    /// The working group whose it is.
    #[arg(long, value_name = "ID")]
    pub(crate) group: Option<String>,
    /// More about it.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// How it stands: planned, confirmed, held, cancelled.
    #[arg(long)]
    pub(crate) state: Option<ActivityState>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct RecogniseArgs {
    /// Change this one instead of adding another.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// What it is called.
    #[arg(long, required_unless_present = "id")]
    pub(crate) name: Option<String>,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH", required_unless_present = "id")]
    pub(crate) about: Option<String>,
    /// What it is: standard, certificate, authority, test, or another.
    #[arg(long, required_unless_present = "id")]
    pub(crate) kind: Option<String>,
    /// Its number or mark.
    #[arg(long, required_unless_present = "id")]
    pub(crate) reference: Option<String>,
    /// Who issued it.
    #[arg(long, required_unless_present = "id")]
    pub(crate) issued_by: Option<String>,
    /// What it covers.
    #[arg(long)]
    pub(crate) scope: Option<String>,
    /// How it stands: proposed, under-review, recognised, suspended, withdrawn, refused.
    #[arg(long)]
    pub(crate) state: Option<RecognitionState>,
    /// Why it is refused, suspended or withdrawn.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// From when it counts.
    #[arg(long, value_name = "TIME")]
    pub(crate) valid_from: Option<String>,
    /// Until when.
    #[arg(long, value_name = "TIME")]
    pub(crate) valid_until: Option<String>,
    /// The document, whose digest is noted; it is not sent.
    #[arg(long, value_name = "FILE")]
    pub(crate) document: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CapabilityArgs {
    /// Change this one instead of adding another.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// What.
    #[arg(long, required_unless_present = "id")]
    pub(crate) name: Option<String>,
    /// What of the programme it is about, as programme/area.
    #[arg(long, value_name = "PATH", required_unless_present = "id")]
    pub(crate) about: Option<String>,
    /// need or offer.
    #[arg(long, required_unless_present = "id")]
    pub(crate) kind: Option<CapabilityKind>,
    /// How much.
    #[arg(long)]
    pub(crate) quantity: Option<String>,
    /// From when.
    #[arg(long, value_name = "TIME")]
    pub(crate) begins: Option<String>,
    /// Until when.
    #[arg(long, value_name = "TIME")]
    pub(crate) ends: Option<String>,
    /// The need that the offer answers, or the offer that the need takes up.
    #[arg(long, value_name = "ID")]
    pub(crate) answers: Option<String>,
    /// More about it.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// How it stands: open, matched, closed.
    #[arg(long)]
    pub(crate) state: Option<CapabilityState>,
    /// Why it was closed.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AssessArgs {
    /// What of the programme, as programme/area/….
    #[arg(long, value_name = "PATH", required_unless_present = "subject")]
    pub(crate) about: Option<String>,
    /// Or which object: a commitment, say.
    #[arg(long, value_name = "ID", conflicts_with = "about")]
    pub(crate) subject: Option<String>,
    /// The period's begin.
    #[arg(long, value_name = "TIME")]
    pub(crate) begins: String,
    /// Its end.
    #[arg(long, value_name = "TIME")]
    pub(crate) ends: String,
    /// How far it is: no-evidence, not-started, limited, substantial, complete.
    #[arg(long, required_unless_present = "rating")]
    pub(crate) completion: Option<Completion>,
    /// How well it was done: P, S, M, U.
    #[arg(long)]
    pub(crate) rating: Option<Rating>,
    /// Why; - reads standard input.
    #[arg(long)]
    pub(crate) text: String,
    /// Who judges: a role. The doer cannot.
    #[arg(long)]
    pub(crate) assessor: String,
    /// An object that it rests on; may be repeated.
    #[arg(long = "evidence", value_name = "ID")]
    pub(crate) evidence: Vec<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    /// Write a report with attachments.
    #[command(
        after_help = "Example: entente report add --name 'Analysis of a programme' --about \\\n  \
                      rok-nato-itpp-2023/arms-control-and-non-proliferation --attach analysis.pdf --as kim"
    )]
    Add(Box<ReportAdd>),
    /// List reports.
    List(ReportList),
    /// Show a report, and write its attachments into a folder.
    Get {
        /// The report's id.
        id: String,
        /// The folder. Files that are there are not written over.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        out: PathBuf,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ReportAdd {
    /// What it is called.
    #[arg(long)]
    pub(crate) name: String,
    /// What of the programme it is shared under, as programme/area.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: String,
    /// What kind of report: one of report-type-ov of STIX, or another.
    #[arg(long, default_value = "assessment")]
    pub(crate) kind: String,
    /// Its text; - reads standard input.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// A file that goes with it, 750 KiB at most; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// An object that it is about; may be repeated.
    #[arg(long = "ref", value_name = "ID")]
    pub(crate) refs: Vec<String>,
    /// When it was published. Default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) published: Option<String>,
    #[command(flatten)]
    pub(crate) to: SaidTo,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ReportList {
    /// Only what is shared under this part of the programme.
    #[arg(long, value_name = "PATH")]
    pub(crate) about: Option<String>,
    /// Only what this nation brought.
    #[arg(long, value_name = "NATION")]
    pub(crate) from: Option<String>,
    /// Only what has this text in its name or description.
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
}
