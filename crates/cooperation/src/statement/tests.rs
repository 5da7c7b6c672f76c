//! A statement verifies as it was published, and in no other form.

use serde_json::{Value, json};

use super::*;
use crate::content::{Content, Result as Settled};
use crate::filed::{Head, write};
use crate::sign_off::Subject;

const ID: &str = "entente-proposal--e0000002-45d1-4c1b-9d32-0123456789ab";
const TEXT: &str = "We, the parties, condemn the launch of 13 December.\n한국어\n";

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_702_000_000_000_000 + second * 1_000_000)
}

fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

fn node(code: &str) -> Key {
    let seed = code.bytes().fold(0_u8, u8::wrapping_add);
    Key::from_seed(code, &[seed; 32]).unwrap()
}

/// A stand-in for a card: the nation, its key, and a digest of both for a signature.
fn card(code: &str, key: &Key) -> String {
    let said = format!("{code} {}", key.public());
    format!("{said} {}", sha256(&said))
}

fn read_card(text: &str) -> Result<CardFacts, String> {
    let (said, digest) = text.rsplit_once(' ').ok_or("no card")?;
    if sha256(said) != digest {
        return Err("it was changed".to_owned());
    }
    let (code, key) = said.split_once(' ').ok_or("no card")?;
    let fingerprint = digest.get(..8).unwrap_or_default().to_owned();
    Ok(CardFacts { nation: nation(code), key: key.to_owned(), fingerprint })
}

fn object(id: &str, by: &str, content: &Content) -> Vec<u8> {
    write(&Head { id: id.to_owned(), by: nation(by), created: at(0), modified: at(1) }, content)
}

/// What a nation says, as an object.
fn says(code: &str, answer: Answer, proposal: &str) -> Vec<u8> {
    let text = sha256(TEXT);
    let subject = Subject {
        nation: nation(code),
        proposal,
        text_sha256: &text,
        answer,
        statement: (answer != Answer::Agree).then_some("as far as our law permits"),
        officer: "desk",
    };
    let said = subject.sign(&Key::from_seed("desk", &[9; 32]).unwrap(), &node(code));
    let digits = hex(code.as_bytes());
    let id = format!("entente-sign-off--e0{digits}-45d1-4c1b-9d32-0123456789ab");
    object(&id, code, &Content::SignOff(said))
}

fn counted(code: &str, bytes: Option<&[u8]>) -> Counted {
    let said: Option<Value> = bytes.map(|bytes| serde_json::from_slice(bytes).unwrap());
    Counted {
        nation: nation(code),
        answer: said.map_or("silent".into(), |said| said["answer"].as_str().unwrap().into()),
        sign_off_sha256: bytes.map(|bytes| hex(&Sha256::digest(bytes))),
        given: bytes.map(|_| at(5)),
        last_heard: bytes.is_none().then_some(at(20)),
    }
}

struct Whole {
    proposal: Proposal,
    sign_offs: Vec<Vec<u8>>,
    cards: Vec<String>,
}

/// Korea proposes by silence; Poland reserves, the United States agree, Denmark says nothing.
fn whole() -> Whole {
    let sign_offs = vec![says("POL", Answer::Reserve, ID), says("USA", Answer::Agree, ID)];
    let proposal = Proposal {
        name: "Joint statement".into(),
        kind: ProposalKind::Statement,
        text: TEXT.into(),
        about: "rok-nato-itpp-2023/dialogue".into(),
        consultation_ref: None,
        subject_refs: Vec::new(),
        procedure: Procedure::Silence,
        deadline: Some(at(10)),
        parties: ["DNK", "POL", "USA"].map(nation).into_iter().collect(),
        valid_from: None,
        replaces_ref: None,
        state: ProposalState::Accepted,
        result: Some(Settled {
            decided: at(30),
            counted: vec![
                counted("DNK", None),
                counted("POL", Some(&sign_offs[0])),
                counted("USA", Some(&sign_offs[1])),
            ],
        }),
    };
    let cards = ["KOR", "POL", "USA"].map(|code| card(code, &node(code))).to_vec();
    Whole { proposal, sign_offs, cards }
}

impl Whole {
    fn publish(&self) -> Vec<u8> {
        self.publish_as("KOR")
    }

    fn publish_as(&self, code: &str) -> Vec<u8> {
        let proposal = object(ID, "KOR", &Content::Proposal(self.proposal.clone()));
        let parts = Parts {
            label: "TLP:CLEAR",
            proposal: &proposal,
            sign_offs: self.sign_offs.iter().map(Vec::as_slice).collect(),
            cards: self.cards.iter().map(String::as_str).collect(),
        };
        publish(&parts, nation(code), &node(code)).unwrap()
    }

    #[track_caller]
    fn is_refused(&self, why: &str) {
        let error = verify(&self.publish(), read_card).unwrap_err().to_string();
        assert!(error.contains(why), "{error}\n is not: {why}");
    }

    fn result(&mut self) -> &mut Settled {
        self.proposal.result.as_mut().unwrap()
    }
}

#[test]
fn a_statement_says_who_said_what() {
    let verified = verify(&whole().publish(), read_card).unwrap();
    assert_eq!((verified.text.as_str(), verified.author), (TEXT, Nation::KOR));
    assert_eq!(verified.text_sha256, sha256(TEXT));
    let said: Vec<_> = verified
        .said
        .iter()
        .map(|one| (one.nation.to_string(), one.answer, one.statement.is_some()))
        .collect();
    let (reserve, agree) = (Some(Answer::Reserve), Some(Answer::Agree));
    assert_eq!(
        said,
        [("DNK".into(), None, false), ("POL".into(), reserve, true), ("USA".into(), agree, false)]
    );
    assert_eq!(verified.cards.len(), 3);
}

#[test]
fn every_byte_counts() {
    let good = whole().publish();
    let mut changed = good.clone();
    for at in 0..good.len() {
        for bit in [0x01, 0x20] {
            changed[at] ^= bit;
            assert!(verify(&changed, read_card).is_err(), "byte {at}");
            changed[at] = good[at];
        }
    }
    for at in 0..good.len() {
        assert!(verify(&good[..at], read_card).is_err(), "cut at {at}");
    }
    let longer = [good.as_slice(), b"\n"].concat();
    assert_eq!(verify(&longer, read_card), Err(BadStatement::Changed));
    assert!(verify(&good, read_card).is_ok());
}

/// The file with its parts moved, by somebody without a key.
fn moved(change: impl Fn(&mut Value)) -> Result<Verified, BadStatement> {
    let mut file: Value = serde_json::from_slice(&whole().publish()).unwrap();
    change(&mut file);
    let mut bytes = serde_json::to_vec_pretty(&file).unwrap();
    bytes.push(b'\n');
    verify(&bytes, read_card)
}

#[test]
fn nothing_can_be_taken_out_put_in_or_swapped() {
    assert!(moved(|_| {}).is_ok());
    for list in ["sign_offs", "cards"] {
        for at in 0..2 {
            let without = |file: &mut Value| drop(file[list].as_array_mut().unwrap().remove(at));
            assert!(moved(without).is_err(), "{list} {at}");
            let twice = |file: &mut Value| {
                let one = file[list][at].clone();
                file[list].as_array_mut().unwrap().push(one);
            };
            assert!(moved(twice).is_err(), "{list} {at}");
        }
        let swapped = |file: &mut Value| file[list].as_array_mut().unwrap().swap(0, 1);
        assert!(moved(swapped).is_err(), "{list}");
    }
    let spare = card("FRA", &node("FRA"));
    for (member, value) in [
        ("text", json!("We welcome.")),
        ("label", json!("TLP:RED")),
        ("publisher", json!("POL")),
        ("signature", json!("")),
        ("entente_statement", json!(2)),
        ("cards", json!([spare])),
        ("more", json!(1)),
    ] {
        assert!(moved(|file| file[member] = value.clone()).is_err(), "{member}");
    }
}

#[test]
fn a_publisher_that_miscounts_is_found_out() {
    let mut one = whole();
    one.sign_offs.pop();
    one.is_refused("belongs to nobody who signed");
    one.cards.pop();
    one.is_refused("USA: the sign-off that was counted is not in the file");
    let mut one = whole();
    one.result().counted.pop();
    one.is_refused("USA: what was counted does not fit the parties");
    // It says that the United States were silent, though they agreed.
    let mut one = whole();
    one.result().counted[2] = counted("USA", None);
    one.is_refused("USA: the sign-off says something else");
    let mut one = whole();
    one.result().counted[1].answer = "agree".into();
    one.is_refused("POL: the sign-off says something else");
    let mut one = whole();
    one.result().counted[1].given = Some(at(11));
    one.is_refused("POL: the sign-off was counted though");
    // An objection, counted as such: then it was not accepted.
    let mut one = whole();
    let objection = says("POL", Answer::Object, ID);
    one.result().counted[1] = counted("POL", Some(&objection));
    one.sign_offs[0] = objection;
    one.is_refused("by its sign-offs the text is not accepted");
    // Settled before the deadline, or before Denmark could be heard.
    let mut one = whole();
    one.result().decided = at(9);
    one.is_refused("by its sign-offs the text is open");
    let mut one = whole();
    one.result().counted[0].last_heard = Some(at(3));
    one.is_refused("by its sign-offs the text is accepted, provisional");
    let mut one = whole();
    one.proposal.procedure = Procedure::Consensus;
    one.is_refused("by its sign-offs the text is not accepted");
    let mut one = whole();
    one.proposal.state = ProposalState::Proposed;
    one.is_refused("the proposal is proposed, not accepted");
    let mut one = whole();
    one.proposal.result = None;
    one.is_refused("not accepted");
}

#[test]
fn a_publisher_that_forges_is_found_out() {
    // Another text than was signed; another proposal; another's key.
    let mut one = whole();
    one.proposal.text = "We welcome it.".into();
    one.is_refused("sign-off 1: it is over another text");
    let mut one = whole();
    one.sign_offs[1] = says("USA", Answer::Agree, &ID.replace("e0000002", "e0000003"));
    one.is_refused("sign-off 2: it is over another text");
    let mut one = whole();
    let stolen = String::from_utf8(one.sign_offs[1].clone()).unwrap();
    let usa = format!("identity--{}", nation("USA").identity());
    let denmark = format!("identity--{}", nation("DNK").identity());
    one.sign_offs.push(stolen.replace(&usa, &denmark).into_bytes());
    one.is_refused("sign-off 3: a signature is not good");
    let mut one = whole();
    one.sign_offs.push(says("FRA", Answer::Agree, ID));
    one.is_refused("sign-off 3: it is of no party");
    // Keys: another node's, or a card too many.
    let mut one = whole();
    one.cards[1] = card("POL", &Key::from_seed("POL", &[77; 32]).unwrap());
    one.is_refused("sign-off 1: no card of POL has the key");
    let mut one = whole();
    one.cards.push(card("FRA", &node("FRA")));
    one.is_refused("belongs to nobody who signed");
    let mut one = whole();
    one.cards.push(card("KOR", &node("KOR")));
    one.is_refused("or is there twice");
    let mut one = whole();
    one.cards[2].push('x');
    one.is_refused("a card is not in order: it was changed");
    // Poland publishes what Korea proposed.
    let one = whole();
    let error = verify(&one.publish_as("POL"), read_card).unwrap_err();
    assert!(error.to_string().contains("it does not say that POL made it"), "{error}");
}
