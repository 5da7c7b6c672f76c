//! `entente demo`: nine nations' nodes on this machine, fictional intelligence, what each partner reads
//! over TAXII, and what went over each edge.
//!
//! It uses the same code as every other command; what it prints was read over HTTPS with each
//! partner's own password, and asked of each node.

mod script;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use entente_cooperation::content::Consultation;
use entente_intake::Desk;
use entente_intake::acts::ProgrammeAct;
use entente_object::read::{Objects, Source};
use entente_release::Nation;
use entente_release::decide::Decision;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::certificate::{CLIENT_LASTS, Keys};
use crate::cli::{Demo, LabelArgs, Serve};
use crate::coalition::{Coalition, EdgeTold};
use crate::folder;
use crate::import;
use crate::input::Inputs;
use crate::partner;
use crate::print::Printer;
use crate::serve;
use crate::setup;
use script::{Play, Played, Script};

const PROGRAMME: &str = include_str!("../../../programmes/rok-nato-itpp-2023.toml");
const CONSULTATION: &str = include_str!("../../../scenarios/seoul-2023/consultation.toml");
const PROVOCATION: &str = include_str!("../../../scenarios/seoul-2023/provocation.toml");
const SCENARIO: &str = include_str!("../../../scenarios/seoul-2023/scenario.toml");
const FILES: [(&str, &str); 8] = [
    ("1-advisory.json", include_str!("../../../scenarios/seoul-2023/1-advisory.json")),
    ("2-indicators.json", include_str!("../../../scenarios/seoul-2023/2-indicators.json")),
    ("3-harbour.json", include_str!("../../../scenarios/seoul-2023/3-harbour.json")),
    ("4-ferry.json", include_str!("../../../scenarios/seoul-2023/4-ferry.json")),
    ("5-report.json", include_str!("../../../scenarios/seoul-2023/5-report.json")),
    ("6-links.json", include_str!("../../../scenarios/seoul-2023/6-links.json")),
    ("7-vulnerability.json", include_str!("../../../scenarios/seoul-2023/7-vulnerability.json")),
    ("8-red.json", include_str!("../../../scenarios/seoul-2023/8-red.json")),
];

/// The nations that came to Seoul in December 2023.
const PARTNERS: [&str; 8] = ["USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];

/// The folder's name where none was given.
const FOLDER: &str = "entente-demo";

#[derive(Debug, Deserialize)]
struct Scenario {
    programme: String,
    file: Vec<ScenarioFile>,
}

#[derive(Debug, Deserialize)]
struct ScenarioFile {
    name: String,
    area: String,
    rel_to: Vec<String>,
}

/// The partners' user names and passwords, as the demo keeps them.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Credentials(BTreeMap<String, String>);

/// What one partner read.
#[derive(Debug, Default)]
struct Seen {
    objects: u64,
    types: BTreeMap<String, u64>,
    names: Vec<String>,
}

/// Runs the demo.
pub(crate) fn run(folder: &Path, args: &Demo, printer: Printer) -> Result<u8> {
    let folder: PathBuf =
        if folder == Path::new("entente-node") { FOLDER.into() } else { folder.to_owned() };
    if args.clean && folder.exists() {
        clean(&folder)?;
    }
    printer.line(format!("Korea's node in {}", folder.display()))?;
    let (mut desk, credentials) = set_up(&folder)?;
    let imports = take_in(&folder, &mut desk, args, printer)?;
    let explained = explain(&mut desk)?;
    drop(desk);
    serve::runtime()?.block_on(async {
        let serve_args = Serve {
            epoch: 3600,
            listen: format!("127.0.0.1:{}", if args.once { 0 } else { args.port }),
            plain: false,
            api_root: "rok-nato".to_owned(),
            public_url: None,
            with_parent: false,
            cluster: None,
        };
        let running = serve::start(&folder, &serve_args).await?;
        let base = format!("https://localhost:{}", running.address.port());
        let asked = ask_all(&folder, &base, &credentials).await?;
        let status = format!("http://{}/", running.status);
        let address = format!("https://127.0.0.1:{}", running.address.port());
        let mut federated = None;
        if !args.one {
            let coalition = Coalition::of(&folder, address, status);
            let work = move || federate(coalition, printer);
            federated = Some(tokio::task::spawn_blocking(work).await??);
        }
        let (seen, why) = ((base.as_str(), &asked), (imports.as_slice(), explained.as_slice()));
        let right = told(&folder, seen, why, (federated.as_ref(), printer))?;
        if !args.once {
            printer.line(format!("status page: http://{}/\nend with Ctrl-C", running.status))?;
            serve::told_to_end().await;
        }
        running.stop().await;
        if let Some(mut federated) = federated {
            tokio::task::spawn_blocking(move || federated.coalition.end()).await??;
        }
        Ok(u8::from(!right))
    })
}

/// What nine nodes did.
struct Federated {
    coalition: Coalition,
    edges: Vec<EdgeTold>,
    /// What was said at the consultation in Seoul, a line for each step; none: it was held before.
    consultation: Option<Played>,
    /// Whether all of that was received too.
    settled: bool,
    /// Whether on each node everything verifies.
    holds: BTreeMap<Nation, bool>,
}

impl Federated {
    fn is_right(&self) -> bool {
        self.edges.iter().all(EdgeTold::is_settled)
            && self.settled
            && self.holds.values().all(|holds| *holds)
    }
}

/// Starts the partners' nodes, lets all meet, and waits until everything is received.
fn federate(mut coalition: Coalition, printer: Printer) -> Result<Federated> {
    printer.line("Eight nodes more, each a process of its own:")?;
    let programme = ProgrammeAct { file: "rok-nato-itpp-2023.toml".into(), text: PROGRAMME.into() };
    for code in PARTNERS {
        coalition.join(folder::nation(code)?, &programme)?;
    }
    coalition.meet()?;
    let scenario: Scenario = toml::from_str(SCENARIO)?;
    coalition.bring(&scenario.programme)?;
    printer.line("  they have met; waiting until each has received what the others released")?;
    let edges = coalition.settle()?;
    let folders: BTreeMap<Nation, PathBuf> =
        coalition.folders().map(|(nation, folder)| (nation, folder.to_owned())).collect();
    let consultation = consult(&folders, printer)?;
    let settled = coalition.settle()?.iter().all(EdgeTold::is_settled);
    let holds = coalition.verify()?;
    Ok(Federated { coalition, edges, consultation, settled, holds })
}

/// The consultation in Seoul and an invented provocation, unless they were played before.
fn consult(folders: &BTreeMap<Nation, PathBuf>, printer: Printer) -> Result<Option<Played>> {
    let korea = folders.get(&Nation::KOR).context("no node of Korea")?;
    if !folder::open(korea)?.picture()?.all::<Consultation>().is_empty() {
        return Ok(None);
    }
    let path = korea.join("passphrase");
    folder::write_secret(&path, partner::secret()?.as_bytes())?;
    let passphrase = fs::read_to_string(&path)?;
    let mut all = Played::default();
    for (head, text) in [
        (
            "The nine hold the consultation in Seoul; its outcomes are accepted by silence:",
            CONSULTATION,
        ),
        ("A provocation is answered together, and a statement signed by all:", PROVOCATION),
    ] {
        printer.line(head)?;
        let script: Script = toml::from_str(text)?;
        let played = Play::at(folders, passphrase.clone()).play(&script)?;
        for line in &played.lines {
            printer.line(format!("  {line}"))?;
        }
        all.lines.extend(played.lines);
        all.ids.extend(played.ids);
    }
    let line = publish(korea, &all)?;
    printer.line(format!("  {line}"))?;
    all.lines.push(line);
    Ok(Some(all))
}

/// Korea's node publishes the joint statement, and a machine without a node checks the file.
fn publish(korea: &Path, played: &Played) -> Result<String> {
    let id = played.ids.get("statement").context("no statement was made")?;
    let file = korea.join("statement.json");
    let run = |folder: &Path, args: &[&str]| -> Result<Value> {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        let ran = command.arg("--json").arg("--dir").arg(folder).args(args).output()?;
        if !ran.status.success() {
            bail!("{}: {}", args.join(" "), String::from_utf8_lossy(&ran.stderr).trim());
        }
        Ok(serde_json::from_slice(&ran.stdout)?)
    };
    let path = file.display().to_string();
    run(korea, &["statement", "publish", id, "--out", &path])?;
    let checked = run(&korea.join("a-machine-without-a-node"), &["statement", "verify", &path])?;
    let said = checked.get("said").and_then(Value::as_array).into_iter().flatten();
    let agrees = |one: &&Value| one.get("answer").and_then(Value::as_str) == Some("agree");
    let signed = said.filter(agrees).count();
    Ok(format!("{path}: signed by {signed} nations, checked without a node"))
}

/// Removes a demo's folder, and nothing that is not one.
fn clean(folder: &Path) -> Result<()> {
    if !folder.join("credentials.json").exists() {
        bail!(
            "{} is not the folder of a demo: remove it yourself if you mean it",
            folder.display()
        );
    }
    fs::remove_dir_all(folder).with_context(|| format!("{} not removed", folder.display()))
}

fn set_up(folder: &Path) -> Result<(Desk, Credentials)> {
    let path = folder.join("credentials.json");
    if !folder.join(entente_store::DATABASE).exists() {
        setup::init(folder, Nation::KOR, &["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    }
    let mut desk = folder::open(folder)?;
    let adopted = desk.policies().programmes().any(|known| known.text() == PROGRAMME);
    if !adopted {
        let act = ProgrammeAct { file: "rok-nato-itpp-2023.toml".into(), text: PROGRAMME.into() };
        desk.adopt_programme(&act)?;
    }
    let mut credentials: Credentials = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(_) => Credentials::default(),
    };
    for code in PARTNERS {
        let nation = folder::nation(code)?;
        if desk.partner(nation).is_err() {
            partner::add(folder, &mut desk, nation)?;
        }
        if !Keys::of(folder).partner(nation).exists() {
            partner::certificate(folder, &mut desk, nation, CLIENT_LASTS)?;
        }
        let user = code.to_lowercase();
        if let Entry::Vacant(place) = credentials.0.entry(user) {
            let password = partner::secret()?;
            partner::set_password(&mut desk, nation, place.key(), &password)?;
            place.insert(password);
        }
    }
    let _former = fs::remove_file(&path);
    folder::write_secret(&path, &serde_json::to_vec_pretty(&credentials)?)?;
    Ok((desk, credentials))
}

/// Takes the scenario and the named files in.
fn take_in(folder: &Path, desk: &mut Desk, args: &Demo, printer: Printer) -> Result<Vec<Value>> {
    let scenario: Scenario = toml::from_str(SCENARIO)?;
    let intelligence = folder.join("scenario");
    fs::create_dir_all(&intelligence)?;
    let mut done = Vec::new();
    let mut each = |name: String, path: String, label: LabelArgs| -> Result<()> {
        let applied = import::applied(desk, &label)?;
        let inputs = Inputs::new(&[path], None)?;
        let taken = import::take(desk, inputs, applied.as_ref(), None, &mut |_| Ok(()))?;
        let (rejected, broken) = (taken.rejected, taken.broken.len());
        printer.line(format!(
            "  {name}: {} taken in, {} here already, {} wait, {rejected} rejected",
            taken.taken, taken.same, taken.held
        ))?;
        done.push(json!({
            "input": name, "taken": taken.taken, "same": taken.same, "held": taken.held,
            "rejected": rejected, "broken": broken,
        }));
        Ok(())
    };
    for file in scenario.file {
        let text = FILES.iter().find(|(name, _)| *name == file.name).map(|(_, text)| *text);
        let text = text.with_context(|| format!("{} is not shipped", file.name))?;
        let path = intelligence.join(&file.name);
        fs::write(&path, text)?;
        let label = LabelArgs {
            programme: Some(scenario.programme.clone()),
            area: Some(file.area),
            rel_to: file.rel_to,
            ..LabelArgs::default()
        };
        each(file.name, path.display().to_string(), label)?;
    }
    for input in Inputs::new(&args.imports, None)?.names {
        let label = LabelArgs {
            programme: Some(scenario.programme.clone()),
            area: Some("cyber-defence".to_owned()),
            tlp: Some("clear".to_owned()),
            rel_to: vec!["parties".to_owned()],
            ..LabelArgs::default()
        };
        each(input.clone(), input, label)?;
    }
    Ok(done)
}

/// Why Poland does not have what it does not have.
fn explain(desk: &mut Desk) -> Result<Vec<Value>> {
    let mut told = Vec::new();
    for (name, text) in FILES {
        let mut objects = Objects::new(text.as_bytes(), Source::File);
        let Some(Ok(element)) = objects.next_element() else { continue };
        let value: Value = serde_json::from_slice(element.bytes)?;
        let id = value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        for code in ["USA", "POL"] {
            let explained = desk.explain(&id, folder::nation(code)?)?;
            let why = match &explained.decision {
                Decision::Allow => explained.clause.clone().unwrap_or_default(),
                Decision::Deny(condition, reason) => format!("{}: {reason}", condition.number()),
            };
            told.push(json!({
                "file": name, "id": id, "to": code, "released": explained.released, "why": why,
            }));
        }
    }
    Ok(told)
}

/// Asks the node as each partner, over HTTPS.
async fn ask_all(
    folder: &Path,
    base: &str,
    credentials: &Credentials,
) -> Result<BTreeMap<String, Seen>> {
    let root = fs::read(Keys::of(folder).root())?;
    let mut asked = BTreeMap::new();
    for code in PARTNERS {
        let user = code.to_lowercase();
        let password = credentials.0.get(&user).cloned().unwrap_or_default();
        let (base, root) = (base.to_owned(), root.clone());
        let seen =
            tokio::task::spawn_blocking(move || ask(&base, &root, (&user, &password))).await??;
        asked.insert(code.to_owned(), seen);
    }
    Ok(asked)
}

fn ask(base: &str, root: &[u8], (user, password): (&str, &str)) -> Result<Seen> {
    let certificate = ureq::tls::Certificate::from_pem(root)?.to_owned();
    let roots = ureq::tls::RootCerts::new_with_certs(&[certificate]);
    let tls = ureq::tls::TlsConfig::builder().root_certs(roots).build();
    let agent: ureq::Agent = ureq::Agent::config_builder().tls_config(tls).build().into();
    let login =
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("{user}:{password}"));
    let mut seen = Seen::default();
    let collection = "rok-nato-itpp-2023.cyber-defence";
    let mut next: Option<String> = None;
    loop {
        let mut request = agent
            .get(format!("{base}/rok-nato/collections/{collection}/objects/"))
            .header("Accept", "application/taxii+json;version=2.1")
            .header("Authorization", format!("Basic {login}"))
            .query("limit", "1000");
        if let Some(next) = &next {
            request = request.query("next", next);
        }
        let mut response = request.call().with_context(|| format!("{user} was refused"))?;
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string()?;
        let envelope: Value = serde_json::from_str(&text)?;
        for object in envelope.get("objects").and_then(Value::as_array).into_iter().flatten() {
            seen.count(object);
        }
        next = envelope.get("next").and_then(Value::as_str).map(str::to_owned);
        let more = envelope.get("more").and_then(Value::as_bool).unwrap_or(false);
        if !more || next.is_none() {
            return Ok(seen);
        }
    }
}

impl Seen {
    fn count(&mut self, object: &Value) {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let object_type = text("type").unwrap_or_default().to_owned();
        let told = ["intrusion-set", "campaign", "report", "threat-actor"];
        if told.contains(&object_type.as_str())
            && self.names.len() < 8
            && let Some(name) = text("name")
        {
            self.names.push(name.to_owned());
        }
        self.objects += 1;
        *self.types.entry(object_type).or_default() += 1;
    }
}

/// Prints the outcome; gives whether everything went right.
fn told(
    folder: &Path,
    (base, asked): (&str, &BTreeMap<String, Seen>),
    (imports, explained): (&[Value], &[Value]),
    (federated, printer): (Option<&Federated>, Printer),
) -> Result<bool> {
    let mut lines = vec!["What each partner reads over TAXII 2.1:".to_owned()];
    let mut partners = serde_json::Map::new();
    for (code, seen) in asked {
        let names = if seen.names.is_empty() { String::new() } else { seen.names.join(", ") };
        lines.push(format!("  {code}: {:>6} objects  {names}", seen.objects));
        let row = json!({ "objects": seen.objects, "types": seen.types, "names": seen.names });
        partners.insert(code.clone(), row);
    }
    lines.push("Why (the first object of each file):".to_owned());
    for row in explained {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let has = row.get("released").and_then(Value::as_bool).unwrap_or(false);
        let has = if has { "has it" } else { "withheld" };
        lines.push(format!("  {:<21} {}  {has:<8}  {}", text("file"), text("to"), text("why")));
    }
    let nodes = federated.map(|federated| told_edges(federated, &mut lines));
    let root = Keys::of(folder).root();
    let dir = folder.display();
    lines.push("To see for yourself:".to_owned());
    lines.push(format!(
        "  curl --cacert {} -u pol:PASSWORD -H 'Accept: application/taxii+json;version=2.1' \\\n    \
         {base}/rok-nato/collections/rok-nato-itpp-2023.cyber-defence/objects/?limit=3",
        root.display()
    ));
    lines.push(format!("  passwords: {dir}/credentials.json"));
    lines.push(format!("  entente --dir {dir} release queue"));
    lines.push(format!("  entente --dir {dir} ledger verify"));
    if federated.is_some() {
        lines.push(format!("  entente --dir {dir}/nations/pol peer list"));
        lines.push(format!("  entente --dir {dir}/nations/ita agree list"));
        lines.push(format!("  entente --dir {dir}/nations/usa commit list --to-us"));
    }
    let right = is_right(asked)
        && federated.is_none_or(Federated::is_right)
        && imports.iter().all(|row| row["rejected"] == 0 && row["broken"] == 0);
    let document = json!({
        "right": right, "taxii": format!("{base}/taxii2/"), "imports": imports,
        "partners": partners, "explained": explained, "nodes": nodes,
        "consultation": federated.and_then(|federated| federated.consultation.as_ref()).map(
            |played| json!({ "said": played.lines, "ids": played.ids }),
        ),
        "credentials": folder.join("credentials.json").display().to_string(),
        "root": root.display().to_string(),
    });
    printer.either(&document, &lines)?;
    Ok(right)
}

/// Adds what went over each edge; gives it for scripts too.
fn told_edges(federated: &Federated, lines: &mut Vec<String>) -> Value {
    lines.push("What went from node to node (entries released / received / acknowledged):".into());
    let mut nations = serde_json::Map::new();
    for (nation, folder) in federated.coalition.folders() {
        let out: Vec<&EdgeTold> =
            federated.edges.iter().filter(|edge| edge.from == nation).collect();
        let shown = out.iter().map(|edge| {
            format!("{} {}/{}/{}", edge.to, edge.released, edge.received, edge.acknowledged)
        });
        let holds = federated.holds.get(&nation).copied().unwrap_or(false);
        let verdict = if holds { "everything verifies" } else { "DOES NOT VERIFY" };
        lines.push(format!("  {nation} to {}; {verdict}", shown.collect::<Vec<_>>().join(", ")));
        let rows: Vec<Value> = out
            .iter()
            .map(|edge| {
                json!({
                    "to": edge.to.to_string(), "released": edge.released,
                    "received": edge.received, "acknowledged": edge.acknowledged,
                    "following": edge.following,
                })
            })
            .collect();
        let node = json!({ "folder": folder.display().to_string(), "holds": holds, "edges": rows });
        nations.insert(nation.to_string(), node);
    }
    Value::Object(nations)
}

/// The scenario is right if each partner has what its label says, and nothing else.
fn is_right(asked: &BTreeMap<String, Seen>) -> bool {
    let has = |code: &str, name: &str| {
        asked.get(code).is_some_and(|seen| seen.names.iter().any(|known| known == name))
    };
    let (harbour, ferry) = ("QUIET HARBOUR", "AMBER FERRY");
    PARTNERS.iter().all(|code| {
        has(code, harbour) == ["USA", "GBR"].contains(code)
            && has(code, ferry) == ["POL", "GBR"].contains(code)
            && !has(code, "A named source")
            && !has(code, "Joint picture of December 2023")
    })
}
