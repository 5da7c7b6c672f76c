//! `entente peer`: how nodes meet, and how it stands with them.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use entente_intake::Desk;
use entente_intake::acts::PeerAct;
use entente_peer::card::Card;
use entente_peer::met::{self, Met};
use entente_release::Nation;
use entente_store::Reader;
use serde_json::{Value, json};

use crate::certificate::{Authority, CLIENT_LASTS, Keys, Validity};
use crate::cli::{Partner, Peer};
use crate::dial;
use crate::folder;
use crate::keys::{self, own_card};
use crate::met::roots;
use crate::partner;
use crate::print::Printer;
use crate::witnesses;

/// Runs one of the commands on partners' nodes.
pub(crate) fn run(folder: &Path, command: &Peer, dry: bool, printer: Printer) -> Result<u8> {
    match command {
        Peer::Invite { address, out } => {
            invite(folder, (address.as_deref(), out.as_deref()), dry, printer)
        }
        Peer::Accept { card, fingerprint } => {
            accept(folder, (card, fingerprint.as_deref()), dry, printer)
        }
        Peer::List => list(folder, printer),
        Peer::Show { nation } => show(folder, folder::nation(nation)?, printer),
        Peer::Witnesses { need, accept } => {
            witnesses::run(folder, (*need, accept.as_deref()), dry, printer)
        }
        Peer::Suspend { nation } => {
            let nation = nation.clone();
            partner::run(folder, &Partner::Suspend { nation }, dry, printer)
        }
        Peer::Resume { nation } => {
            let nation = nation.clone();
            partner::run(folder, &Partner::Resume { nation }, dry, printer)
        }
        Peer::Revoke { nation } => {
            let nation = nation.clone();
            partner::run(folder, &Partner::Revoke { nation }, dry, printer)
        }
    }
}

/// This node's card, made or as it was made before.
fn invite(
    folder: &Path,
    (address, out): (Option<&str>, Option<&Path>),
    dry: bool,
    printer: Printer,
) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    let known = own_card(folder, &desk)?;
    let address = match (address, &known) {
        (Some(address), _) => address.to_owned(),
        (None, Some(known)) => known.address.clone(),
        (None, None) => bail!(
            "say where partners reach this node: --address https://node.{}.example:8443",
            desk.here().as_str().to_lowercase()
        ),
    };
    let card = if dry {
        make_card(folder, &desk, &address, known.as_ref())?
    } else {
        card(folder, &mut desk, &address)?
    };
    if let Some(out) = out.filter(|_| !dry) {
        fs::write(out, card.text())
            .with_context(|| format!("{} was not written", out.display()))?;
    }
    let document = json!({
        "nation": card.nation.to_string(), "address": card.address,
        "fingerprint": card.fingerprint(), "card": card.text(), "dry_run": dry,
    });
    if printer.json {
        printer.either(&document, &[])?;
        return Ok(0);
    }
    match out {
        Some(out) => printer.line(format!("card: {}", out.display()))?,
        None => printer.line(card.text())?,
    }
    // Apart from the card, which may be going into a file.
    eprintln!("fingerprint: {}", card.fingerprint());
    eprintln!(
        "send the card to the partner, and read the fingerprint to each other over the telephone; \
         the partner runs: entente peer accept CARD --fingerprint …"
    );
    Ok(0)
}

/// The card for an address, the known one if nothing changed; and what this node shows with it.
/// Partners' nodes that hold the known one are given it.
pub(crate) fn card(folder: &Path, desk: &mut Desk, address: &str) -> Result<Card> {
    let keys = Keys::of(folder);
    let known = own_card(folder, desk)?;
    if !keys.client().exists() {
        let validity = Validity::lasting(desk.now(), CLIENT_LASTS);
        keys.save_client(&Authority::open(&keys)?.issue_client(desk.here(), validity)?)?;
    }
    let card = make_card(folder, desk, address, known.as_ref())?;
    match known.filter(|known| *known != card) {
        Some(known) => {
            let key = folder::signing_key(folder, desk.here())?;
            keys::succeed(folder, desk, &known, (card.clone(), &key), None)?;
        }
        None => keys::write_card(folder, &card)?,
    }
    Ok(card)
}

/// The card for an address: the known one with that, or the first one.
fn make_card(folder: &Path, desk: &Desk, address: &str, known: Option<&Card>) -> Result<Card> {
    dial::authority(address)?;
    if let Some(known) = known.filter(|known| known.address == address) {
        return Ok(known.clone());
    }
    let key = folder::signing_key(folder, desk.here())?;
    let roots = if let Some(known) = known {
        known.roots.clone()
    } else {
        let path = Keys::of(folder).root();
        let root = fs::read_to_string(&path);
        vec![root.with_context(|| format!("{} cannot be read", path.display()))?]
    };
    let made = known.map_or(desk.now(), |known| desk.now().max(known.made));
    Ok(Card::sign(&key, desk.here(), roots, address, made)?)
}

fn accept(
    folder: &Path,
    (path, fingerprint): (&Path, Option<&str>),
    dry: bool,
    printer: Printer,
) -> Result<u8> {
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("{} could not be read", path.display()))?;
    let card = Card::read(&text).with_context(|| format!("{}", path.display()))?;
    dial::authority(&card.address)?;
    roots(&card)?;
    let mut desk = folder::open(folder)?;
    if card.nation == desk.here() {
        bail!("this is the card of this node's own nation: a partner's is another one");
    }
    let known = desk.peer(card.nation).map(|act| Card::read(&act.card)).transpose()?;
    if let Some(known) = &known
        && known.made > card.made
    {
        bail!("a newer card of {} was accepted already, made at {}", card.nation, known.made);
    }
    has_its_own_roots(folder, &card)?;
    compare(&card, fingerprint)?;
    if !dry {
        meet(folder, &mut desk, &card)?;
    }
    let document = json!({
        "nation": card.nation.to_string(), "address": card.address,
        "fingerprint": card.fingerprint(), "replaces": known.is_some(), "dry_run": dry,
    });
    let verb = if dry { "would be" } else { "is" };
    let lines = [
        format!("the node of {} {verb} met at {}", card.nation, card.address),
        "it has to accept this node's card too: entente peer invite".to_owned(),
    ];
    printer.either(&document, &lines)?;
    Ok(0)
}

/// Refuses a card with a root of this node or of another card: it would be nobody's.
fn has_its_own_roots(folder: &Path, card: &Card) -> Result<()> {
    for keys in Keys::of(folder).authorities() {
        if card.has_a_root_of([fs::read_to_string(keys.root())?.as_str()]) {
            bail!("the card of {} has the root of this node: do not accept it", card.nation);
        }
    }
    for (nation, met) in met::met(&Reader::open(folder)?)? {
        if nation != card.nation && card.has_a_root_of(met.card.roots.iter().map(String::as_str)) {
            bail!("the card of {} has a root of {nation}: do not accept it", card.nation);
        }
    }
    Ok(())
}

/// Records that a node was met, and signs its nation's ledger from now on.
pub(crate) fn meet(folder: &Path, desk: &mut Desk, card: &Card) -> Result<()> {
    desk.meet(&PeerAct { nation: card.nation.to_string(), card: card.text().to_owned() })?;
    folder::sign(folder, desk)
}

/// Demands that people compared the fingerprint.
fn compare(card: &Card, given: Option<&str>) -> Result<()> {
    let own = card.fingerprint();
    let plain = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>();
    let given = match given {
        Some(given) => given.to_owned(),
        None if std::io::stdin().is_terminal() => {
            eprintln!("the card says: {} at {}", card.nation, card.address);
            eprint!("the fingerprint that {} read to you over the telephone: ", card.nation);
            std::io::stderr().flush()?;
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line
        }
        None => bail!(
            "compare the fingerprint with {} by another way than the card came, then give what you \
             were told with --fingerprint",
            card.nation
        ),
    };
    if plain(&given).to_lowercase() != plain(&own) {
        bail!(
            "the fingerprint of this card is {own}, not the one given: it may not be from {}; do not \
             accept it",
            card.nation
        );
    }
    Ok(())
}

/// How it stands with one node.
fn row(desk: &Desk, reader: &Reader, nation: Nation, met: &Met) -> Result<Value> {
    let index = desk.partner(nation)?.partner.index;
    let standing = desk.standing_with(nation)?;
    Ok(json!({
        "nation": nation.to_string(),
        "standing": format!("{:?}", met.standing).to_lowercase(),
        "address": met.card.address,
        "fingerprint": met.card.fingerprint(),
        "released": reader.ledger_size(index)?,
        "acknowledged": standing.acknowledged,
        "received": standing.received,
    }))
}

fn list(folder: &Path, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    let reader = Reader::open(folder)?;
    let rows: Result<Vec<Value>> =
        met::met(&reader)?.iter().map(|(nation, met)| row(&desk, &reader, *nation, met)).collect();
    let rows = rows?;
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    if lines.is_empty() {
        lines.push("no node was met yet: `entente peer invite`, `entente peer accept`".to_owned());
    }
    printer.either(&Value::Array(rows), &lines)?;
    Ok(0)
}

fn line(row: &Value) -> String {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let count = |name: &str| row.get(name).and_then(Value::as_u64).unwrap_or_default();
    format!(
        "{}  {:<9}  released {}, acknowledged {}, received {}  {}",
        text("nation"),
        text("standing"),
        count("released"),
        count("acknowledged"),
        count("received"),
        text("address"),
    )
}

fn show(folder: &Path, nation: Nation, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    let reader = Reader::open(folder)?;
    let met = met::met(&reader)?;
    let met = met.get(&nation).with_context(|| {
        format!("the node of {nation} was not met: `entente peer accept` its card")
    })?;
    let row = row(&desk, &reader, nation, met)?;
    let lines = [line(&row), format!("fingerprint: {}", met.card.fingerprint())];
    printer.either(&row, &lines)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::met::tests::{Root, card, korea, nation, now};

    #[test]
    fn a_card_with_the_root_of_another_or_of_this_node_is_refused() {
        let (poland, states) = (Root::of("POL"), Root::of("USA"));
        let folder = tempfile::tempdir().unwrap();
        drop(korea(folder.path(), &[card("USA", &[&states])]));
        let keys = Keys::of(folder.path());
        Authority::create(&keys, nation("KOR"), now()).unwrap();
        let says =
            |card: &Card| has_its_own_roots(folder.path(), card).map_err(|error| error.to_string());
        assert_eq!(says(&card("POL", &[&poland])), Ok(()));
        let refused = says(&card("POL", &[&poland, &states])).unwrap_err();
        assert!(refused.contains("has a root of USA"), "{refused}");
        // A nation's newer card may have the roots of its older one.
        assert_eq!(says(&card("USA", &[&states])), Ok(()));
        let own = fs::read_to_string(keys.root()).unwrap();
        let key = entente_log::key::Key::from_seed("POL", &[9; 32]).unwrap();
        let with_own = Card::sign(&key, nation("POL"), vec![own], "https://localhost:1", now());
        let refused = says(&with_own.unwrap()).unwrap_err();
        assert!(refused.contains("the root of this node"), "{refused}");
    }
}
