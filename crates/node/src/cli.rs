//! The command line: one definition, from which the parser, help, completion and man pages come.

pub(crate) mod cooperation;
pub(crate) mod response;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A nation's node for a partnership: what leaves it is decided by the programme.
#[derive(Debug, Parser)]
#[command(
    name = "entente",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 something was found wrong (invalid objects, a ledger that does \
                  not verify, a denial); 2 the command could not be carried out.\n\nTry it: entente demo"
)]
pub(crate) struct Cli {
    /// The node's folder.
    #[arg(long, global = true, env = "ENTENTE_DIR", default_value = "entente-node")]
    pub(crate) dir: PathBuf,
    /// Print JSON, for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say what would change, and change nothing.
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set up a node: its folder, keys and certificates.
    #[command(after_help = "Example: entente --dir kor init KOR --name node.kor.example")]
    Init(Init),
    /// Serve TAXII 2.1 and the status page.
    #[command(after_help = "Example: entente --dir kor serve --listen 0.0.0.0:8443")]
    Serve(Serve),
    /// Take in STIX objects: bundles, NDJSON, directories, .gz and .zst, - for standard input.
    #[command(
        after_help = "Example:\n  entente import feed.json --programme rok-nato-itpp-2023 \\\n    \
                            --area cyber-defence --tlp green --rel-to parties"
    )]
    Import(Import),
    /// Write a STIX bundle of what a partner may have.
    #[command(after_help = "Example: entente export --to POL --area cyber-defence > pol.json")]
    Export(Export),
    /// Validate STIX objects against the standard; nothing is taken in.
    #[command(after_help = "Example: entente check report.json feed.ndjson.gz")]
    Check(Check),
    /// Explain, preview, approve and review what is released.
    #[command(subcommand)]
    Release(Release),
    /// Show, verify and prove what was released to a partner.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Show what is here of objects, which nations brought it, and where they differ.
    #[command(
        subcommand,
        after_help = "Examples:\n  entente object show attack-pattern--…\n  \
                            entente object list --conflicts\n  \
                            entente object list --type malware --from POL --limit 20"
    )]
    Object(Object),
    /// Check and adopt programmes and national caveats.
    #[command(subcommand)]
    Programme(Programme),
    /// Ask for consultations, convene them, and say something at them.
    #[command(subcommand)]
    Consult(cooperation::Consult),
    /// Put exact texts to nations, and answer those of others.
    #[command(subcommand)]
    Agree(cooperation::Agree),
    /// Answer a provocation together: alerts, situations, assistance, playbooks.
    #[command(subcommand)]
    Respond(response::Respond),
    /// Write joint statements, sign them, publish them, and check them from one file.
    #[command(subcommand)]
    Statement(response::Statement),
    /// Undertake something, and see what was promised and what is late.
    #[command(subcommand)]
    Commit(cooperation::Commit),
    /// Note working groups, activities, recognitions, needs and offers, and judgements, area by area.
    #[command(subcommand)]
    Area(cooperation::Area),
    /// Write, list and take out reports with attachments, in every area.
    #[command(subcommand)]
    Report(cooperation::Report),
    /// Add, list, suspend and revoke partners, and give them credentials.
    #[command(subcommand)]
    Partner(Partner),
    /// Meet partners' nodes, and see how it stands with them.
    #[command(
        subcommand,
        after_help = "Example, on both sides:\n  entente peer invite --address https://node.kor.example:8443 \
                            --out kor.card\n  entente peer accept pol.card --fingerprint 1f3a-…"
    )]
    Peer(Peer),
    /// Show, renew and replace what this node signs with and shows.
    #[command(
        subcommand,
        after_help = "Example, in two steps with days between them:\n  entente keys rotate\n  entente keys show\n  \
                            entente keys rotate --finish"
    )]
    Keys(Keys),
    /// Take from TAXII servers and give to them: of partners without a node, and public ones.
    #[command(
        subcommand,
        after_help = "Examples:\n  entente feed add cert --from https://taxii.cert.example/feeds/ \\\n    \
                            --token-file token.txt\n  \
                            entente feed add pol --to https://taxii.pol.example/api/ --nation POL \\\n    \
                            --collection 91a7b528-80eb-42ed-a74d-c6fbd5a26116 --token-file token.txt\n  \
                            entente feed run --all --dry-run"
    )]
    Feed(Feed),
    /// Make this folder one of several replicas of the node, on a NATS cluster of this nation.
    #[command(
        subcommand,
        after_help = "Example:\n  entente --dir seoul stream join --replica seoul \\\n    \
                            --nats nats://10.0.0.1:4222,nats://10.0.0.2:4222,nats://10.0.0.3:4222"
    )]
    Stream(Stream),
    /// Add and list the people of this nation.
    #[command(subcommand)]
    User(User),
    /// Issue, list and revoke tokens with which partners' programs log in.
    #[command(subcommand)]
    Token(Token),
    /// Write a copy of the store while the node runs.
    Backup {
        /// The new file.
        to: PathBuf,
    },
    /// Put a backup in place of the store. The node must not be running.
    Restore {
        /// The backup.
        from: PathBuf,
    },
    /// Look the node over: files, keys, certificates, clock, log, and with --indexes what was made of it.
    #[command(
        after_help = "Examples:\n  entente doctor\n  entente doctor --indexes\n  entente ledger verify --all"
    )]
    Doctor {
        /// Fold the log anew and compare every index with it. Changes nothing; writers wait meanwhile.
        #[arg(long)]
        indexes: bool,
        /// Drop all indexes and fold the log anew.
        #[arg(long, conflicts_with = "indexes")]
        rebuild: bool,
    },
    /// Set up and run nine nations' nodes that exchange fictional intelligence.
    #[command(
        after_help = "Examples:\n  entente demo\n  entente demo --import enterprise-attack.json\n  \
                            entente demo --once --json"
    )]
    Demo(Demo),
    /// Print the completion script of a shell.
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a folder.
    Man {
        /// The folder.
        to: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The nation, ISO 3166-1 alpha-3, such as KOR.
    pub(crate) nation: String,
    /// A name or address under which the node is reached; may be repeated.
    #[arg(long = "name", default_values_t = ["localhost".to_owned(), "127.0.0.1".to_owned()])]
    pub(crate) names: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:8443")]
    pub(crate) listen: String,
    /// Serve without TLS. Allowed on loopback only.
    #[arg(long)]
    pub(crate) plain: bool,
    /// The path of the API root.
    #[arg(long, default_value = "entente")]
    pub(crate) api_root: String,
    /// The address under which partners reach it, such as `https://node.kor.example`.
    #[arg(long)]
    pub(crate) public_url: Option<String>,
    /// End when standard input ends: with the program that started it, whatever ends that.
    #[arg(long, hide = true)]
    pub(crate) with_parent: bool,
    /// How many seconds an epoch takes.
    #[arg(long, hide = true, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) epoch: u64,
    #[command(flatten)]
    pub(crate) cluster: Option<ClusterArgs>,
}

/// The cluster that orders the log of a node with several replicas.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClusterArgs {
    /// The servers of the cluster, with commas: nats://HOST:PORT or tls://HOST:PORT.
    #[arg(long, value_delimiter = ',', value_name = "SERVERS")]
    pub(crate) nats: Vec<String>,
    /// The file of credentials for the cluster.
    #[arg(long, value_name = "FILE", requires = "nats")]
    pub(crate) nats_creds: Option<PathBuf>,
    /// Trust the servers by the authority in this PEM file; without TLS none is reached then.
    #[arg(long, value_name = "FILE", requires = "nats")]
    pub(crate) nats_ca: Option<PathBuf>,
    /// What this replica is called: small letters, digits, hyphens. Default: the folder's name.
    #[arg(long, value_name = "NAME", requires = "nats")]
    pub(crate) replica: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Stream {
    /// Join the replicas of a node: its first one, or another in a folder that has its keys alone.
    Join {
        #[command(flatten)]
        cluster: ClusterArgs,
        /// The nation, in a folder that has no store yet.
        #[arg(long)]
        nation: Option<String>,
        /// How many servers keep each message, where the stream is made.
        #[arg(long, default_value_t = 3)]
        copies: usize,
    },
    /// Show how far the stream and each replica are.
    Status,
    /// Fill the stream again from this replica, if it has most.
    Refill {
        /// A replica that is gone for good; what it alone had is given up. May be repeated.
        #[arg(long, value_name = "NAME")]
        without: Vec<String>,
        /// Remove what is left of the stream first.
        #[arg(long)]
        anew: bool,
    },
    /// Be no replica any more, or note that another is none.
    Leave {
        /// The other.
        replica: Option<String>,
    },
}

/// The label that is put on all objects of an import.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LabelArgs {
    /// The programme that they are shared under.
    #[arg(long, requires = "area")]
    pub(crate) programme: Option<String>,
    /// The area of cooperation.
    #[arg(long, requires = "programme")]
    pub(crate) area: Option<String>,
    /// The least TLP level: clear, green, amber, amber+strict, red. Default: each object's own
    /// marking; an object without one goes to nobody.
    #[arg(long)]
    pub(crate) tlp: Option<String>,
    /// The nations or groups of the programme that they are releasable to, with commas.
    #[arg(long, value_delimiter = ',')]
    pub(crate) rel_to: Vec<String>,
    /// Caveats that a partner must have accepted.
    #[arg(long = "caveat", value_delimiter = ',')]
    pub(crate) caveats: Vec<String>,
    /// Not to be released before this time.
    #[arg(long)]
    pub(crate) not_before: Option<String>,
    /// Not to be released from this time on.
    #[arg(long)]
    pub(crate) not_after: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Feed {
    /// Add a source or a target. Without a collection, say which ones the server has.
    #[command(
        after_help = "Example:\n  entente feed add cert --from https://taxii.cert.example/feeds/ --every 15m \\\n    \
                            --collection 91a7b528-80eb-42ed-a74d-c6fbd5a26116 --token-file token.txt \\\n    \
                            --programme rok-nato-itpp-2023 --area cyber-defence --rel-to parties"
    )]
    Add(Box<FeedAdd>),
    /// List feeds: how far each is, what was refused, and why one fails.
    List,
    /// Let a feed run no more until it is resumed.
    Pause {
        /// The feed.
        name: String,
    },
    /// Let a paused feed run again, or any feed with another login.
    Resume {
        /// The feed.
        name: String,
        #[command(flatten)]
        login: LoginArgs,
    },
    /// Run a feed now. With --dry-run, say what it would bring or give.
    Run {
        /// The feed.
        name: Option<String>,
        /// All feeds that are not paused.
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
    /// Remove a feed. What it brought and gave stays.
    Remove {
        /// The feed.
        name: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct FeedAdd {
    /// What it is called: small letters, digits, hyphens.
    pub(crate) name: String,
    /// Take from the server with this API root, such as `https://taxii.cert.example/feeds/`.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "to", required_unless_present = "to")]
    pub(crate) from: Option<String>,
    /// Give to the server with this API root what is released to a partner.
    #[arg(long, value_name = "ADDRESS", requires = "nation")]
    pub(crate) to: Option<String>,
    /// The collection. Without it, the server is asked which ones there are.
    #[arg(long, value_name = "ID")]
    pub(crate) collection: Option<String>,
    /// The partner: whose the objects are that come, or to whom they go. Default of what comes: this
    /// nation.
    #[arg(long)]
    pub(crate) nation: Option<String>,
    /// How often: 30s, 15m, 6h, 1d.
    #[arg(long, default_value = "15m", value_parser = every)]
    pub(crate) every: Duration,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    /// Trust the server by the authority in this PEM file instead of the public ones.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) label: LabelArgs,
}

/// How to log in at a server.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LoginArgs {
    /// The user name for HTTP Basic.
    #[arg(long, requires = "password_file")]
    pub(crate) user: Option<String>,
    /// The file that holds the password.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub(crate) password_file: Option<PathBuf>,
    /// The file that holds a token.
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Reads a time such as 15m: a second at least, and a year at most.
fn every(text: &str) -> Result<Duration, String> {
    let wrong = || "write it like 30s, 15m, 6h or 1d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match number.checked_mul(seconds) {
        Some(seconds @ 1..=31_536_000) => Ok(Duration::from_secs(seconds)),
        _ => Err("it is a second at least and a year at most".to_owned()),
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Import {
    /// Files, directories, https addresses, or - for standard input.
    #[arg(required = true)]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) label: LabelArgs,
    /// Take nothing in if any object is refused.
    #[arg(long, conflicts_with = "continue_")]
    pub(crate) all_or_nothing: bool,
    /// Take in the good objects and list the others in the rejects file. This is the default.
    #[arg(long = "continue")]
    pub(crate) continue_: bool,
    /// The file for refused objects, one JSON line each.
    #[arg(long)]
    pub(crate) rejects: Option<PathBuf>,
    /// Trust https addresses by the authority in this PEM file instead of the public ones.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Who brings them. What this person brought, somebody else must approve.
    #[arg(long = "as")]
    pub(crate) author: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The partner.
    #[arg(long)]
    pub(crate) to: String,
    /// The programme. Default: the only one.
    #[arg(long)]
    pub(crate) programme: Option<String>,
    /// The area. Default: all areas.
    #[arg(long)]
    pub(crate) area: Option<String>,
    /// Objects one a line, instead of a bundle.
    #[arg(long)]
    pub(crate) ndjson: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files and directories, or - for standard input.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Print the summary only.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Release {
    /// Why a partner may or may not have an object: each condition, and the clause.
    Explain {
        /// The object's id.
        object: String,
        /// The partner.
        #[arg(long)]
        to: String,
    },
    /// Who would receive what, before an import.
    Preview(Box<Import>),
    /// What waits: for approval, for a time, for objects that it mentions.
    Queue,
    /// Approve an object as a releaser.
    Approve {
        /// The object's id.
        object: String,
        /// The releaser.
        #[arg(long = "as")]
        releaser: String,
        /// For how many hours the approval counts.
        #[arg(long, default_value_t = 24)]
        hours: u32,
    },
    /// Decide anew about every object, after a change of partners or programmes.
    Review,
    /// Take an object back from nations: its label is narrowed, and they are told. It cannot un-send.
    #[command(
        after_help = "Example: entente release recall indicator--… --from POL --why 'names a source'"
    )]
    Recall {
        /// The object's id.
        object: String,
        /// The nations, with commas.
        #[arg(long, required = true, value_delimiter = ',')]
        from: Vec<String>,
        /// Why.
        #[arg(long)]
        why: String,
        /// Who does it.
        #[arg(long = "as")]
        by: Option<String>,
    },
    /// List what was taken back, and who has acknowledged it.
    Recalls,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// List what was released to a partner.
    Show {
        /// The partner.
        partner: String,
        /// From this entry on.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// List what a partner has: what was released to it and not taken back.
    HeldBy {
        /// The partner.
        partner: String,
    },
    /// Recompute the log, what was released and what was received, and compare with what was signed.
    Verify {
        /// The partner. Default: all.
        partner: Option<String>,
        /// All partners.
        #[arg(long, conflicts_with = "partner")]
        all: bool,
    },
    /// Write the proof that an object was released to a partner.
    Prove {
        /// The partner.
        partner: String,
        /// The object's id.
        object: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Object {
    /// Each version once: its contents, who brought each, who has it; and alarms about the object.
    Show {
        /// The object's id.
        object: String,
    },
    /// List objects in the order in which they first came.
    List(ObjectList),
}

#[derive(Debug, Args)]
pub(crate) struct ObjectList {
    /// Only of this type, such as malware.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) object_type: Option<String>,
    /// Only what this nation brought.
    #[arg(long, value_name = "NATION")]
    pub(crate) from: Option<String>,
    /// Only those that nations gave different contents of one version.
    #[arg(long)]
    pub(crate) conflicts: bool,
    /// Go on after this place: the page before says which.
    #[arg(long, value_name = "PLACE")]
    pub(crate) after: Option<u64>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Programme {
    /// Check a programme file or a national caveat file (.cedar).
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Adopt a programme file or a national caveat file (.cedar).
    Adopt {
        /// The file.
        file: PathBuf,
    },
    /// List the adopted programmes.
    List,
    /// Show an adopted programme: parties, areas, terms.
    Show {
        /// The programme.
        programme: String,
    },
    /// Compare two versions of a programme.
    #[command(
        after_help = "Example:\n  entente programme diff rok-nato-itpp-2023 proposed.toml --release"
    )]
    Diff {
        /// The older version: a file, or the id of an adopted programme.
        old: String,
        /// The newer version.
        new: String,
        /// What would be released more or less if the newer one were adopted instead of the older.
        #[arg(long)]
        release: bool,
        #[command(flatten)]
        counted: Counted,
    },
    /// Write a programme in another format.
    #[command(
        after_help = "Example:\n  entente programme export rok-nato-itpp-2023 --format iati --out itpp.xml"
    )]
    Export {
        /// A file, or the id of an adopted programme.
        programme: String,
        /// The format.
        #[arg(long, value_enum)]
        format: ProgrammeFormat,
        /// The file to write; standard output without it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Read a programme from IATI 2.03 (.xml) or OSCAL-like JSON (.json), and write a programme file.
    #[command(after_help = "Example:\n  entente programme import itpp.xml --out itpp.toml\n  \
                            entente programme check itpp.toml")]
    Import {
        /// The file.
        file: PathBuf,
        /// The programme file to write; standard output without it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// What would be released more or less if a programme file were adopted.
    Preview {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        counted: Counted,
    },
    /// Show what each measure came to: targets, what nations computed or entered, commitments, completion.
    #[command(
        after_help = "Example: entente programme progress rok-nato-itpp-2023 --area cyber-defence --period 2024"
    )]
    Progress(WhichPeriod),
    /// Publish what this nation's indicators came to, computed from its own log and ledgers, as far as it was
    /// not said yet; or with --value enter one by hand.
    #[command(after_help = "Example: entente programme actual --period 2024 --dry-run\n         \
                      entente programme actual --indicator rok-nato-itpp-2023/cyber-defence/cyber-dialogues-held \\\n           \
                      --period 2024 --value 1 --entered-by 'desk officer'")]
    Actual(Box<ActualArgs>),
    /// Check a partner's actual against what is here.
    CheckActual {
        /// Its id, or the beginning of its UUID.
        id: String,
    },
    /// List who has to assess what, and what is late.
    Assessments(WhichPeriod),
}

/// A format of programmes.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum ProgrammeFormat {
    /// A programme file, exactly as it was adopted.
    Toml,
    /// IATI 2.03: everything but terms of exchange, groups and caveats.
    Iati,
    /// JSON split as OSCAL splits it: everything.
    Oscal,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Counted {
    /// Read what would be released, for what it mentions, instead of telling how much it is at most.
    #[arg(long)]
    pub(crate) exact: bool,
    /// Name so many objects for each count.
    #[arg(long, default_value_t = 0)]
    pub(crate) examples: u8,
}

/// Which part of a programme, and when.
#[derive(Clone, Debug, Args)]
pub(crate) struct WhichPeriod {
    /// The programme. Default: the only one that is adopted.
    pub(crate) programme: Option<String>,
    /// Only this area.
    #[arg(long)]
    pub(crate) area: Option<String>,
    /// The year. Default: this one.
    #[arg(long, value_name = "YEAR")]
    pub(crate) period: Option<String>,
}

/// Which actuals are published.
#[derive(Clone, Debug, Args)]
pub(crate) struct ActualArgs {
    #[command(flatten)]
    pub(crate) which: WhichPeriod,
    /// The indicator that is entered, as programme/area/indicator.
    #[arg(long, value_name = "PATH", requires = "value")]
    pub(crate) indicator: Option<String>,
    /// How much it came to.
    #[arg(long, requires_all = ["indicator", "entered_by"], allow_negative_numbers = true)]
    pub(crate) value: Option<String>,
    /// Who enters it: a role.
    #[arg(long, value_name = "ROLE", requires = "value")]
    pub(crate) entered_by: Option<String>,
    /// More on it.
    #[arg(long, requires = "value")]
    pub(crate) remark: Option<String>,
    #[command(flatten)]
    pub(crate) to: cooperation::SaidTo,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Partner {
    /// Add a partner.
    Add {
        /// The nation.
        nation: String,
    },
    /// List partners.
    List,
    /// Show one partner.
    Show {
        /// The nation.
        nation: String,
    },
    /// Give a partner nothing for now.
    Suspend {
        /// The nation.
        nation: String,
    },
    /// Let a suspended partner take part again.
    Resume {
        /// The nation.
        nation: String,
    },
    /// Give a partner nothing any more, for good.
    Revoke {
        /// The nation.
        nation: String,
    },
    /// Note that a partner has accepted a caveat.
    Accept {
        /// The nation.
        nation: String,
        /// The caveat.
        caveat: String,
    },
    /// Limit a partner to areas, as programme/area; none: all that it may have.
    Subscribe {
        /// The nation.
        nation: String,
        /// The areas.
        areas: Vec<String>,
    },
    /// Issue a client certificate.
    Certificate {
        /// The nation.
        nation: String,
        /// For how many days.
        #[arg(long, default_value_t = 365)]
        days: u32,
    },
    /// Set a password for HTTP Basic over TLS. It is read from standard input, or made.
    Password {
        /// The nation.
        nation: String,
        /// The user name. Default: the nation in lower case.
        #[arg(long)]
        user: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Peer {
    /// Make this node's card, to be given to partners. The fingerprint is told over another way.
    Invite {
        /// Where partners reach this node, such as `https://node.kor.example:8443`. Default: as before.
        #[arg(long)]
        address: Option<String>,
        /// The file to write the card to. Default: standard output.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Accept a partner's card, once people have compared its fingerprint.
    Accept {
        /// The file of the card.
        card: PathBuf,
        /// The fingerprint as the partner's people told it. Asked for on a terminal.
        #[arg(long)]
        fingerprint: Option<String>,
    },
    /// List the nodes that were met: what was released, acknowledged and received.
    List,
    /// Show one of them.
    Show {
        /// The nation.
        nation: String,
    },
    /// Show which nations have seen the same history of each node: a rewrite is noticed by them.
    Witnesses {
        /// From now on so many other nations must have seen the same of each partner, or `doctor` warns.
        #[arg(long, value_name = "COUNT")]
        need: Option<u8>,
        /// The epochs of this nation's node begin anew, because its people had to restore a backup.
        #[arg(long, value_name = "NATION", conflicts_with = "need")]
        accept: Option<String>,
    },
    /// Give and take nothing for now.
    Suspend {
        /// The nation.
        nation: String,
    },
    /// Let a suspended one take part again.
    Resume {
        /// The nation.
        nation: String,
    },
    /// Give and take nothing any more, for good.
    Revoke {
        /// The nation.
        nation: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Show what this node signs with and shows, until when, and how far a rotation is.
    Show,
    /// Issue the node's certificates and the revocation list anew. Needs keys/root.key.
    Renew {
        /// A name or address under which the node is reached; may be repeated. Default: as before.
        #[arg(long = "name")]
        names: Vec<String>,
    },
    /// Replace the signing key and the root; in two steps, so that no partner is shut out.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The signing key alone.
    #[arg(long, conflicts_with = "root")]
    pub(crate) key: bool,
    /// The root alone.
    #[arg(long)]
    pub(crate) root: bool,
    /// The second step: the old ones count no more. Refused while a partner knows them alone.
    #[arg(long, conflicts_with_all = ["key", "root"])]
    pub(crate) finish: bool,
    /// A nation to be shut out, until it accepts the new card by hand; may be repeated.
    #[arg(long, value_name = "NATION", requires = "finish")]
    pub(crate) without: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a person. The signing key is kept under a passphrase, from ENTENTE_PASSPHRASE.
    Add {
        /// The name.
        name: String,
        /// What the person may do; may be repeated.
        #[arg(long = "role", required = true)]
        roles: Vec<Role>,
    },
    /// List people.
    List,
    /// Let a person do nothing any more.
    Remove {
        /// The name.
        name: String,
    },
    /// Issue a token with which a program does what a person may do, and print it once.
    Token {
        /// The person.
        name: String,
        /// What the token is called. Default: made.
        #[arg(long = "name")]
        token: Option<String>,
        /// For how many days.
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// Let a person's token count no more.
    RevokeToken {
        /// What the token is called.
        token: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    /// Reads.
    Reader,
    /// Writes objects.
    Analyst,
    /// Approves releases.
    Releaser,
    /// Runs exercises.
    Controller,
    /// Rates exercises.
    Evaluator,
    /// Speaks for the nation.
    DeskOfficer,
    /// Runs the node; cannot read or release.
    Administrator,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Issue a token and print it once.
    Issue {
        /// The nation.
        nation: String,
        /// What it is called.
        #[arg(long)]
        name: Option<String>,
        /// May it write.
        #[arg(long)]
        write: bool,
        /// Only these collections, as programme/area.
        #[arg(long = "collection", value_delimiter = ',')]
        collections: Vec<String>,
        /// For how many days.
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// List tokens and other credentials.
    List,
    /// Let a credential count no more.
    Revoke {
        /// Its name.
        name: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Demo {
    /// Real files to take in as well, as reference data for every party.
    #[arg(long = "import")]
    pub(crate) imports: Vec<String>,
    /// The port; 0: any free one.
    #[arg(long, default_value_t = 8443)]
    pub(crate) port: u16,
    /// Korea's node alone; the partners read over TAXII.
    #[arg(long)]
    pub(crate) one: bool,
    /// Remove the demo's folder first.
    #[arg(long)]
    pub(crate) clean: bool,
    /// Set up, ask as each partner, print the outcome and end.
    #[arg(long)]
    pub(crate) once: bool,
}
