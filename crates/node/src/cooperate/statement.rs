//! `entente statement`: joint statements, from a draft to a file that anyone can check.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use entente_cooperation::content::{Content, Contribution, Proposal};
use entente_cooperation::filed::Filed;
use entente_cooperation::sign_off::hex;
use entente_cooperation::statement::{CardFacts, Parts, Verified, publish as write, verify};
use entente_cooperation::terms::{Answer, ContributionKind, ProposalKind, ProposalState};
use entente_intake::Desk;
use entente_intake::acts::{PeerAct, kind};
use entente_object::marking::Tlp;
use entente_peer::card::Card;
use entente_release::Nation;

use serde_json::json;

use super::{How, New, agree, find, label, label_of, of, say, words};
use crate::cli::cooperation::{Agree, ProposalChange, Propose, SaidTo};
use crate::cli::response::{Draft, Statement};
use crate::folder;

/// Runs one of the commands.
pub(crate) fn run(command: &Statement, how: How<'_>) -> Result<u8> {
    match command {
        Statement::Draft(args) => agree::propose(&mut folder::open(how.folder)?, &draft(args), how),
        Statement::Propose(args) => {
            let args = ProposalChange { propose: true, ..args.clone() };
            agree::run(&Agree::Change(args), how)
        }
        Statement::Comment { id, text, to } => comment(id, text, to, how),
        Statement::Sign(args) => agree::sign(&mut folder::open(how.folder)?, args, how),
        Statement::List { open } => agree::run(&Agree::List { open: *open }, how),
        Statement::Show { id } => show(id, how),
        Statement::Publish { id, out, restricted } => publish(id, (out, *restricted), how),
        Statement::Verify { file, cards } => check(file, cards, how),
    }
}

fn draft(args: &Draft) -> Propose {
    Propose {
        name: args.name.clone(),
        kind: ProposalKind::Statement,
        text: args.text.clone(),
        about: args.about.clone(),
        procedure: args.procedure,
        deadline: args.deadline.clone(),
        parties: args.parties.clone(),
        consultation: None,
        subjects: args.situation.iter().cloned().collect(),
        valid_from: None,
        amends: args.amends.clone(),
        draft: !args.propose,
        to: args.to.clone(),
    }
}

fn comment(id: &str, text: &str, to: &SaidTo, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    let filed = find(&mut desk, id)?;
    let about = of::<Proposal>(&filed, "proposal")?.about.clone();
    let content = Content::Contribution(Contribution {
        subject_ref: filed.id,
        kind: ContributionKind::Comment,
        text: words(text)?,
        item: None,
        happened: None,
        in_reply_to_ref: None,
        object_refs: Vec::new(),
    });
    let label = Some(label(&desk, &about, to)?);
    say(&mut desk, New { id: None, content, label, author: to.author.clone() }, how)
}

fn show(id: &str, how: How<'_>) -> Result<u8> {
    let code = agree::run(&Agree::Show { id: id.to_owned() }, how)?;
    if how.printer.json {
        return Ok(code);
    }
    let mut desk = folder::open(how.folder)?;
    let filed = find(&mut desk, id)?;
    for (other, said) in desk.picture()?.about(&filed.id) {
        how.printer.line(format!("{} {}: {}", other.by, said.kind, said.text))?;
    }
    Ok(code)
}

fn publish(id: &str, (out, restricted): (&Path, bool), how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    let here = desk.here();
    if !how.dry {
        desk.settle()?;
    }
    let filed = find(&mut desk, id)?;
    let proposal = of::<Proposal>(&filed, "proposal")?.clone();
    if filed.by != here {
        bail!("{} proposed it, and its node publishes it", filed.by);
    }
    let result = match (proposal.state, &proposal.result) {
        (ProposalState::Accepted, Some(result)) => result,
        (state, _) => bail!("{} is {state}: only what was accepted is published", proposal.name),
    };
    let label = label_of(&desk, &filed);
    let at = usize::try_from(filed.place.label).unwrap_or(usize::MAX);
    let known = desk.home().labels().get(at).map(|interned| &interned.label);
    let is_public = known.is_some_and(|label| label.tlp == Tlp::Clear && label.caveats.is_empty());
    if !is_public && !restricted {
        bail!(
            "{} is [{label}], and a file goes to anyone: propose it with --tlp clear, or add --restricted \
             and guard the file",
            proposal.name
        );
    }
    let picture = desk.picture()?.clone();
    let counted: Vec<&str> =
        result.counted.iter().filter_map(|one| one.sign_off_sha256.as_deref()).collect();
    let mut sign_offs: Vec<&Filed> = picture.sign_offs_of(&filed.id);
    sign_offs.retain(|one| counted.contains(&hex(&one.place.digest).as_str()));
    sign_offs.sort_by_key(|one| one.by);
    if sign_offs.len() != counted.len() {
        bail!("{} sign-offs were counted, and {} are here", counted.len(), sign_offs.len());
    }
    let key = folder::signing_key(how.folder, here)?;
    let mut needed = vec![(here, key.public())];
    for one in &sign_offs {
        let said = of::<entente_cooperation::content::SignOff>(one, "sign-off")?;
        needed.push((one.by, said.node_key.clone()));
    }
    needed.sort();
    needed.dedup();
    let cards: Vec<String> =
        needed.iter().map(|(nation, key)| card(&desk, how, *nation, key)).collect::<Result<_>>()?;
    let bytes = |one: &Filed| Ok(desk.home().put(one.place.seq)?.bytes.to_vec());
    let proposal_bytes = bytes(&filed)?;
    let signed: Vec<Vec<u8>> = sign_offs.iter().map(|one| bytes(one)).collect::<Result<_>>()?;
    let parts = Parts {
        label: &label,
        proposal: &proposal_bytes,
        sign_offs: signed.iter().map(Vec::as_slice).collect(),
        cards: cards.iter().map(String::as_str).collect(),
    };
    let file = write(&parts, here, &key)?;
    // What this node would not accept itself leaves nowhere.
    let verified = verify(&file, facts)?;
    if !how.dry {
        std::fs::write(out, &file).with_context(|| format!("{} not written", out.display()))?;
    }
    let line =
        format!("{}  {} of {} nations signed", out.display(), signed.len(), verified.said.len());
    let document = json!({
        "id": filed.id, "file": out.display().to_string(), "sign_offs": signed.len(),
        "label": label, "dry_run": how.dry,
    });
    how.printer.either(&document, &[line])?;
    Ok(0)
}

fn facts(text: &str) -> std::result::Result<CardFacts, String> {
    let card = Card::read(text).map_err(|error| error.to_string())?;
    if card.text() != text {
        return Err("it has spaces around it".to_owned());
    }
    Ok(CardFacts { nation: card.nation, key: card.key.clone(), fingerprint: card.fingerprint() })
}

/// The card of a nation that has this key: the present one, or one that was followed since.
fn card(desk: &Desk, how: How<'_>, nation: Nation, key: &str) -> Result<String> {
    let mut texts = Vec::new();
    if nation == desk.here() {
        texts.extend(std::fs::read_to_string(folder::card(how.folder)).ok());
    }
    for (_, act) in desk.home().acts(kind::PEER)? {
        let act: PeerAct = serde_json::from_str(&act.json)?;
        texts.push(act.card);
    }
    let read = texts.iter().rev().filter_map(|text| Card::read(text).ok());
    let found = read.into_iter().find(|card| card.nation == nation && card.key == key);
    match found {
        Some(card) => Ok(card.text().to_owned()),
        None if nation == desk.here() => {
            bail!("this node has no card yet: `entente peer invite` makes it")
        }
        None => {
            bail!("no card of {nation} here has the key that signed: ask {nation} to sign anew")
        }
    }
}

fn check(file: &Path, cards: &[PathBuf], how: How<'_>) -> Result<u8> {
    let bytes = std::fs::read(file).with_context(|| format!("{} not read", file.display()))?;
    let verified = verify(&bytes, facts).with_context(|| file.display().to_string())?;
    let known = known(cards, how)?;
    let mut lines = vec![
        format!(
            "{} ({}), proposed and published by {}",
            verified.name, verified.kind, verified.author
        ),
        format!("[{}]  {}", verified.label, verified.proposal),
        format!("accepted by {}, {}", verified.procedure, verified.decided.to_stix()),
        format!("SHA-256 {}", verified.text_sha256),
        String::new(),
    ];
    lines.extend(verified.text.lines().map(str::to_owned));
    lines.push(String::new());
    lines.extend(said(&verified));
    lines.push(String::new());
    lines.push(
        "Every signature is good. That the keys are the nations', people compare:".to_owned(),
    );
    let (mut rows, mut is_other) = (Vec::new(), false);
    for card in &verified.cards {
        let mut own = known.iter().filter(|known| known.nation == card.nation).peekable();
        let told = match (own.peek().is_some(), own.any(|known| known == card)) {
            (_, true) => "is the card known here",
            (true, false) => "IS NOT THE CARD KNOWN HERE",
            (false, false) => "compare it with the nation's people",
        };
        is_other |= told.starts_with("IS NOT");
        lines.push(format!("  {}  {}  {told}", card.nation, card.fingerprint));
        rows.push(json!({
            "nation": card.nation.to_string(), "key": card.key, "fingerprint": card.fingerprint,
            "known": told,
        }));
    }
    let answers = verified.said.iter().map(|one| {
        json!({
            "nation": one.nation.to_string(), "answer": one.answer.map_or("silent", Answer::as_str),
            "statement": one.statement, "officer": one.officer, "officer_key": one.officer_key,
            "given": one.given.map(entente_object::time::Timestamp::to_stix),
        })
    });
    let document = json!({
        "verified": !is_other, "name": verified.name, "kind": verified.kind.as_str(),
        "text": verified.text, "text_sha256": verified.text_sha256, "label": verified.label,
        "author": verified.author.to_string(), "procedure": verified.procedure.as_str(),
        "decided": verified.decided.to_stix(), "said": answers.collect::<Vec<_>>(), "cards": rows,
    });
    how.printer.either(&document, &lines)?;
    Ok(u8::from(is_other))
}

fn said(verified: &Verified) -> Vec<String> {
    let one = |one: &entente_cooperation::statement::Signature| {
        let Some(answer) = one.answer else {
            return format!("  {}  said nothing", one.nation);
        };
        let why = one.statement.as_deref().map_or(String::new(), |why| format!(": {why}"));
        let officer = one.officer.as_deref().unwrap_or_default();
        format!("  {}  {answer}, signed by {officer}{why}", one.nation)
    };
    verified.said.iter().map(one).collect()
}

/// The cards that are known: those named, and those of the node of this folder, if there is one.
fn known(cards: &[PathBuf], how: How<'_>) -> Result<Vec<CardFacts>> {
    let mut known = Vec::new();
    for path in cards {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} not read", path.display()))?;
        let card = facts(text.trim()).map_err(anyhow::Error::msg);
        known.push(card.with_context(|| path.display().to_string())?);
    }
    if folder::must_hold_node(how.folder).is_ok() {
        let desk = folder::open(how.folder)?;
        let own = std::fs::read_to_string(folder::card(how.folder)).unwrap_or_default();
        let mut texts = vec![own];
        for (_, act) in desk.home().acts(kind::PEER)? {
            let act: PeerAct = serde_json::from_str(&act.json)?;
            texts.push(act.card);
        }
        known.extend(texts.iter().filter_map(|text| facts(text.trim()).ok()));
    }
    Ok(known)
}
