//! Nodes that have met: each receives what the others released to it, once, and nobody else's; whatever
//! is killed, put back or shut out meanwhile.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::member::{Member, PROGRAMME, three, until};
use crate::node::Node;
use crate::objects::indicator_id;

fn two() -> [Member; 2] {
    let [korea, poland] = ["KOR", "POL"].map(Member::of);
    korea.accept(&poland);
    poland.accept(&korea);
    [&korea, &poland].into_iter().for_each(Member::serve);
    [korea, poland]
}

#[test]
fn each_node_receives_what_names_it_and_passes_nothing_on() {
    let [korea, poland, states] = three();
    korea.release(0..10, "parties");
    korea.release(10..14, "POL");
    korea.release(14..16, "USA");
    poland.release(100..103, "KOR");
    poland.release(103..105, "KOR,USA");
    states.release(200..201, "POL");
    for (by, count, from) in [
        (&poland, 14, &korea),
        (&states, 12, &korea),
        (&korea, 5, &poland),
        (&states, 2, &poland),
        (&poland, 1, &states),
        (&korea, 0, &states),
    ] {
        by.has_received(count, from);
        from.has_receipts(count, by);
    }
    for (member, here, not_here) in [
        (&korea, vec![0, 10, 14, 100, 104], vec![200]),
        (&poland, vec![0, 9, 10, 13, 100, 200], vec![14, 15]),
        (&states, vec![0, 9, 14, 15, 103, 104, 200], vec![10, 13, 100, 102]),
    ] {
        assert!(here.into_iter().all(|number| member.has(number)), "{}", member.code);
        assert!(!not_here.into_iter().any(|number| member.has(number)), "{}", member.code);
    }
    // Row 10: nobody passes on what was received, also when everything is decided anew.
    poland.node.run(&["release", "review"]);
    states.node.run(&["release", "review"]);
    let view = |member: &Member, to: &str| member.node.view_ids(to);
    let ids = |numbers: std::ops::Range<usize>| numbers.map(indicator_id).collect::<Vec<_>>();
    assert_eq!(view(&poland, "USA"), ids(103..105));
    assert_eq!(view(&poland, "KOR"), ids(100..105));
    assert_eq!(view(&states, "POL"), ids(200..201));
    assert_eq!(view(&states, "KOR"), ids(0..0));
    for member in [&korea, &poland, &states] {
        member.is_sound();
    }
    assert_eq!([&korea, &poland, &states].map(Member::objects), [16 + 5, 5 + 15, 1 + 14]);
}

#[test]
fn a_card_is_accepted_with_its_own_fingerprint_alone() {
    let korea = Node::of("KOR", PROGRAMME);
    let poland = Node::of("POL", PROGRAMME);
    let invite = |node: &Node, address: &str| {
        let made = node.json(&["peer", "invite", "--address", address]);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        (text("card"), text("fingerprint"))
    };
    let files = |node: &Node| {
        let listed = Command::new("find").arg(node.folder()).output().unwrap();
        String::from_utf8(listed.stdout).unwrap()
    };
    let before = files(&poland);
    poland.json(&["--dry-run", "peer", "invite", "--address", "https://localhost:8443"]);
    assert_eq!(files(&poland), before, "a dry run wrote something");
    let (card, fingerprint) = invite(&poland, "https://localhost:8443");
    let (own, own_fingerprint) = invite(&korea, "https://localhost:8444");
    let accept = |card: &str, fingerprint: &str| {
        let file = korea.file("card", card);
        korea.run(&["peer", "accept", &file, "--fingerprint", fingerprint])
    };
    accept(&card, &own_fingerprint).ends(2).says(&["the fingerprint of this card is", "do not"]);
    let mut almost = fingerprint.clone();
    let last = if almost.pop() == Some('0') { '1' } else { '0' };
    almost.push(last);
    for wrong in [&almost, &fingerprint[..fingerprint.len() - 1], "", "-", "0000"] {
        accept(&card, wrong).ends(2).says(&["the fingerprint of this card is"]);
    }
    let file = korea.file("card", &card);
    korea.run(&["peer", "accept", &file]).ends(2).says(&["--fingerprint"]);
    accept(&own, &own_fingerprint).ends(2).says(&["this node's own nation"]);
    let moved = card.replace("localhost:8443", "localhost:9443");
    accept(&moved, &fingerprint).ends(2).says(&["changed after it was signed"]);
    let other = card.replace("\"POL\"", "\"USA\"").replace("\"POL+", "\"USA+");
    accept(&other, &fingerprint).ends(2).says(&["changed after it was signed"]);
    accept("{}", &fingerprint).ends(2).says(&["no card"]);
    for address in ["http://localhost:1", "https://localhost:1/x", "localhost:1", "https://"] {
        poland.run(&["peer", "invite", "--address", address]).ends(2).says(&["no address"]);
    }
    assert_eq!(korea.json(&["peer", "list"]), serde_json::json!([]));
    assert_eq!(korea.json(&["partner", "list"]).as_array().unwrap().len(), 0);
    let spoken = fingerprint.to_uppercase().replace('-', " ");
    accept(&card, &spoken).ends(0);
    // A newer card of the same keys has the same fingerprint; the older one does not come back.
    let (newer, again) = invite(&poland, "https://localhost:8445");
    assert_eq!(again, fingerprint);
    accept(&newer, &fingerprint).ends(0);
    accept(&card, &fingerprint).ends(2).says(&["a newer card of POL"]);
    let address = &korea.json(&["peer", "show", "POL"])["address"];
    assert_eq!(address, "https://localhost:8445");
}

/// A node that accepted the other's card, and whose own was not accepted, has nothing and gives nothing.
#[test]
fn one_side_alone_does_not_meet() {
    let all = three_of_whom_two_met();
    let [korea, poland, states] = &all;
    korea.release(0..3, "parties");
    poland.release(10..12, "parties");
    poland.has_received(3, korea);
    korea.has_received(2, poland);
    // The United States accepted both, and neither accepted it.
    assert_eq!(states.count("received", korea), 0);
    assert_eq!(states.count("received", poland), 0);
    until("it is told why", || {
        let log = states.served.borrow().as_ref().unwrap().log();
        log.contains("KOR is not followed") && log.contains("POL is not followed")
    });
    korea.accept(states);
    korea.release(3..4, "parties");
    states.serve();
    states.has_received(1, korea);
    assert_eq!(states.count("received", poland), 0);
}

fn three_of_whom_two_met() -> [Member; 3] {
    let all = ["KOR", "POL", "USA"].map(Member::of);
    let [korea, poland, states] = &all;
    korea.accept(poland);
    poland.accept(korea);
    states.accept(korea);
    states.accept(poland);
    all.iter().for_each(Member::serve);
    all
}

#[test]
fn of_a_suspended_or_revoked_partner_nothing_is_taken_and_nothing_is_given() {
    let [korea, poland, states] = three();
    korea.release(0..5, "parties");
    poland.release(100..105, "parties");
    for (by, from) in [(&poland, &korea), (&states, &korea), (&korea, &poland), (&states, &poland)]
    {
        by.has_received(5, from);
    }
    korea.node.json(&["peer", "suspend", "POL"]);
    korea.release(5..8, "parties");
    poland.release(105..108, "parties");
    // The United States sees both, so Poland and Korea would have.
    states.has_received(8, &korea);
    states.has_received(8, &poland);
    let between = || (poland.count("received", &korea), korea.count("received", &poland));
    assert_eq!(between(), (5, 5));
    korea.node.json(&["peer", "resume", "POL"]);
    // What was withheld is decided anew, and it is asked again within a minute, or when it starts.
    korea.node.json(&["release", "review"]);
    poland.serve();
    korea.has_received(8, &poland);
    poland.has_received(8, &korea);
    korea.node.json(&["peer", "revoke", "POL"]);
    korea.release(8..10, "parties");
    poland.release(108..110, "parties");
    states.has_received(10, &korea);
    states.has_received(10, &poland);
    assert_eq!(between(), (8, 8));
    assert!(!poland.has(8) && !korea.has(108));
    // Neither side comes back by being started anew.
    korea.serve();
    poland.serve();
    korea.release(10..11, "USA");
    poland.release(110..111, "USA");
    states.has_received(11, &korea);
    states.has_received(11, &poland);
    assert_eq!(between(), (8, 8));
    korea.node.run(&["peer", "resume", "POL"]).ends(2).says(&["revoked"]);
    for member in [&korea, &poland, &states] {
        member.node.run(&["ledger", "verify"]).ends(0);
    }
}

/// How many objects are caught up with while nodes are killed.
const MANY: usize = 5000;
/// How often a node is killed meanwhile, and more often where none of these came in between.
const KILLS: u32 = 12;

#[test]
fn a_catch_up_that_is_killed_again_and_again_takes_each_object_once() {
    let [korea, poland] = two();
    poland.has_received(0, &korea);
    poland.kill();
    korea.release(0..MANY, "POL");
    let mut between = 0;
    for kill in 0..4 * KILLS {
        if kill >= KILLS && between > 0 {
            break;
        }
        let victim = if kill % 3 == 2 { &korea } else { &poland };
        victim.serve();
        let is_down = poland.served.borrow().is_none();
        if is_down {
            poland.serve();
        }
        // Some come to the first page, some to the last, some into a commit.
        sleep(Duration::from_millis(u64::from(60 + 41 * kill)));
        victim.kill();
        let received = poland.count("received", &korea);
        assert!(received <= MANY);
        between += u32::from(received > 0 && received < MANY);
        poland.node.run(&["ledger", "verify"]).ends(0);
    }
    korea.serve();
    poland.serve();
    poland.has_received(MANY, &korea);
    korea.has_receipts(MANY, &poland);
    assert_eq!(poland.objects(), MANY);
    assert!([0, 999, 1000, 2500, MANY - 1].into_iter().all(|number| poland.has(number)));
    for member in [&korea, &poland] {
        member.is_sound();
    }
    assert!(between > 0, "no kill came in between");
}

/// An hour of a node's life is put back, with everything in its folder: it cannot notice that itself,
/// and its partner's receipt tells it.
#[test]
fn a_node_that_was_put_back_is_noticed_by_its_partner_and_told() {
    let [korea, poland] = two();
    korea.release(0..5, "POL");
    poland.has_received(5, &korea);
    korea.kill();
    let before = korea.node.copy();
    korea.serve();
    korea.release(5..9, "POL");
    poland.has_received(9, &korea);
    korea.back_to(&before);
    korea.serve();
    until("Poland is told", || poland.alarms().contains("put back to an older state"));
    let receipt = "POL has a receipt for 9 entries, and fewer are here";
    until("Korea is told", || korea.alarms().contains(receipt));
    // It goes on, and has another history: nothing of that is taken.
    korea.release(20..26, "POL");
    assert_eq!(korea.count("released", &poland), 11);
    poland.serve();
    until("Poland is told of both", || poland.alarms().contains("two histories"));
    until("Korea is told of both", || korea.alarms().contains("signed two histories"));
    assert_eq!(poland.count("received", &korea), 9);
    assert!(!poland.has(20));
    let alarms = poland.alarms();
    assert!(alarms.contains("KOR/ledger/POL"), "no checkpoint in {alarms}");
    assert!(alarms.contains("alarms: 2 recorded"), "{alarms}");
}

/// The other way round: who is put back receives again what it had received, and what it had released
/// since is missed by its partners.
#[test]
fn a_follower_that_was_put_back_receives_again_and_is_noticed_by_what_it_had_released() {
    let [korea, poland] = two();
    korea.release(0..5, "POL");
    poland.release(100..103, "KOR");
    poland.has_received(5, &korea);
    korea.has_received(3, &poland);
    poland.kill();
    let before = poland.node.copy();
    poland.serve();
    korea.release(5..9, "POL");
    poland.has_received(9, &korea);
    korea.has_receipts(9, &poland);
    poland.back_to(&before);
    assert_eq!(poland.count("received", &korea), 5);
    poland.serve();
    poland.has_received(9, &korea);
    assert_eq!(poland.objects(), 9 + 3);
    korea.is_sound();
    poland.is_sound();
    // Now it had released something since.
    poland.release(103..105, "KOR");
    korea.has_received(5, &poland);
    poland.back_to(&before);
    poland.serve();
    until("Korea is told", || korea.alarms().contains("put back to an older state"));
    assert_eq!(korea.count("received", &poland), 5);
}

/// A store alone that is put back is noticed by the node itself, which signs nothing with it.
#[test]
fn a_store_that_was_put_back_is_not_served() {
    let [korea, poland] = two();
    korea.release(0..5, "POL");
    poland.has_received(5, &korea);
    let backup = korea.node.work().join("copy.db").display().to_string();
    korea.node.json(&["backup", &backup]);
    korea.release(5..9, "POL");
    poland.has_received(9, &korea);
    korea.kill();
    korea.node.run(&["restore", &backup]).ends(1).says(&["old backup"]);
    korea.node.run(&["serve", "--listen", &korea.host]).ends(2).says(&["old backup"]);
    assert!(poland.alarms().contains("alarms: 0 recorded"));
    assert_eq!(poland.count("received", &korea), 9);
}

/// Both receive what the other releases from now on, and nothing was an alarm.
#[track_caller]
fn exchange(korea: &Member, poland: &Member, from: usize) {
    korea.release(from..from + 3, "POL");
    poland.release(from + 1000..from + 1002, "KOR");
    let sizes = [korea.count("released", poland), poland.count("released", korea)];
    poland.has_received(sizes[0], korea);
    korea.has_received(sizes[1], poland);
    korea.has_receipts(sizes[0], poland);
    poland.has_receipts(sizes[1], korea);
}

#[test]
fn keys_and_roots_are_replaced_while_both_exchange() {
    let [korea, poland] = two();
    exchange(&korea, &poland, 0);
    let shown = |member: &Member| member.node.json(&["keys", "show"]);
    let before = shown(&korea);
    // Not begun, there is nothing to finish; begun twice, neither would count.
    korea.node.run(&["keys", "rotate", "--finish"]).ends(2).says(&["no rotation is under way"]);
    korea.node.run(&["--dry-run", "keys", "rotate"]).ends(0).says(&["would be replaced"]);
    assert_eq!(shown(&korea), before);
    // Poland is away: Korea signs with both keys, and does not finish without Poland.
    poland.kill();
    korea.node.run(&["keys", "rotate"]).ends(0);
    korea.node.run(&["keys", "rotate"]).ends(2).says(&["--finish"]);
    let said = korea.node.run(&["keys", "rotate", "--finish"]).ends(2).said();
    assert!(said.contains("POL's node has not fetched the new card yet"), "{said}");
    let rotating = shown(&korea);
    assert_ne!(rotating["key"], before["key"]);
    assert_eq!(rotating["rotating"], true);
    korea.release(100..103, "POL");
    poland.serve();
    let took = |by: &Member, from: &Member| {
        let what = format!("{} takes the new card of {}", by.code, from.code);
        until(&what, || shown(from)["partners"][0]["has_card"] == true);
    };
    took(&poland, &korea);
    exchange(&korea, &poland, 110);
    // Both at once, each in the middle of the other's.
    poland.node.run(&["keys", "rotate", "--root"]).ends(0);
    took(&korea, &poland);
    exchange(&korea, &poland, 120);
    korea.node.run(&["keys", "rotate", "--finish"]).ends(0);
    exchange(&korea, &poland, 130);
    poland.node.run(&["keys", "rotate", "--finish"]).ends(0);
    exchange(&korea, &poland, 140);
    for member in [&korea, &poland] {
        let now = shown(member);
        assert_eq!(now["rotating"], false, "{now}");
        until("the last card is taken", || shown(member)["partners"][0]["has_card"] == true);
        member.is_sound();
    }
    // After a restart of both, and once more; the receipts of before still verify.
    korea.serve();
    poland.serve();
    exchange(&korea, &poland, 150);
    poland.node.run(&["keys", "rotate", "--key"]).ends(0);
    took(&korea, &poland);
    poland.node.run(&["keys", "rotate", "--finish"]).ends(0);
    exchange(&korea, &poland, 160);
    assert_ne!(shown(&korea)["certificates"], before["certificates"]);
    for member in [&korea, &poland] {
        member.node.run(&["ledger", "verify", "--all"]).ends(0);
        member.is_sound();
    }
}

#[test]
fn certificates_are_renewed_and_an_address_moves_without_people() {
    let [korea, poland] = two();
    exchange(&korea, &poland, 0);
    let shown = |member: &Member| member.node.json(&["keys", "show"]);
    let before = shown(&korea);
    korea.node.run(&["keys", "renew"]).ends(0);
    let after = shown(&korea);
    assert_eq!(after["certificates"][0], before["certificates"][0], "the root is another one");
    for at in 1..3 {
        assert_ne!(after["certificates"][at]["sha256"], before["certificates"][at]["sha256"]);
        assert_eq!(after["certificates"][at]["names"], before["certificates"][at]["names"]);
    }
    exchange(&korea, &poland, 10);
    // The same node under another name: Poland learns it where it knew it, and asks there.
    let address = format!("https://127.0.0.1:{}", korea.port());
    korea.node.run(&["peer", "invite", "--address", &address]).ends(0);
    korea.serve();
    until("Poland has the new address", || poland.with(&korea)["address"] == *address);
    exchange(&korea, &poland, 20);
    for member in [&korea, &poland] {
        member.is_sound();
    }
}

#[test]
fn nations_witness_each_others_epochs_and_a_node_that_was_put_back_is_known_by_all() {
    let all = ["KOR", "POL", "USA"].map(Member::of);
    let [korea, poland, states] = &all;
    for one in &all {
        for other in all.iter().filter(|other| other.code != one.code) {
            one.accept(other);
        }
    }
    let serve = |member: &Member| {
        member.kill();
        let served = member.node.serve_at(&member.host, &["--epoch", "1"], "warn");
        drop(member.served.replace(Some(served)));
    };
    all.iter().for_each(serve);
    let sees = |by: &Member, of: &Member| -> serde_json::Value {
        let told = by.node.json(&["peer", "witnesses"]);
        let mut rows = told["witness_of"].as_array().unwrap().iter();
        rows.find(|row| row["nation"] == of.code).cloned().unwrap_or_default()
    };
    let witnessed = |by: &Member, of: &Member, third: &Member| {
        let what = format!("{} knows that {} witnessed {}", by.code, third.code, of.code);
        until(&what, || sees(by, of)["witnesses"][third.code][0].as_u64() > Some(2));
    };
    // Poland has nothing of the United States', and witnesses its epochs all the same.
    korea.release(0..5, "parties");
    witnessed(poland, korea, states);
    witnessed(states, korea, poland);
    witnessed(korea, states, poland);
    poland.node.run(&["peer", "witnesses", "--need", "1"]).ends(0);
    poland.node.run(&["doctor"]).ends(0).says(&["1 needed"]);
    poland.node.run(&["peer", "witnesses", "--need", "2"]).ends(1);
    poland.node.run(&["doctor"]).ends(1).says(&["fewer than 2 other nations", "KOR, USA"]);
    poland.node.run(&["peer", "witnesses", "--need", "0"]).ends(0);
    for member in &all {
        member.node.run(&["ledger", "verify", "--all"]).ends(0).says(&["KOR/epochs", "USA/epochs"]);
    }
    // Korea's people put a copy from before in its place, where nothing was released to anybody else
    // meanwhile: its ledgers are as they were signed, and its epochs are not.
    let before = Node::of("KOR", PROGRAMME);
    korea.kill();
    std::fs::remove_dir_all(before.folder()).unwrap();
    let mut copy = Command::new("cp");
    let copied = copy.arg("-a").args([korea.node.folder(), before.folder()]).status();
    assert!(copied.unwrap().success());
    serve(korea);
    let had = sees(poland, korea)["size"].as_u64().unwrap();
    until("there are more epochs", || {
        [poland, states].iter().all(|by| sees(by, korea)["size"].as_u64().unwrap() > had + 3)
    });
    korea.back_to(&before);
    serve(korea);
    for by in [poland, states] {
        until("an older state is noticed", || {
            let said = by.alarms();
            // Unless it has closed as many epochs again meanwhile.
            ["put back to an older state", "has two histories"]
                .iter()
                .any(|what| said.contains(what))
        });
    }
    until("Korea is told", || korea.alarms().contains("this node"));
    // Its ledgers are what they were, and are followed. Poland's people have spoken with Korea's.
    korea.release(5..8, "parties");
    poland.has_received(8, korea);
    let stuck = sees(poland, korea)["size"].as_u64().unwrap();
    poland.node.run(&["peer", "witnesses", "--accept", "KOR"]).ends(0).says(&["begin anew"]);
    until("Poland follows the epochs of now", || {
        let now = sees(poland, korea)["size"].as_u64().unwrap();
        now > 2 && now != stuck
    });
    poland.node.run(&["ledger", "verify", "--all"]).ends(0);
}
