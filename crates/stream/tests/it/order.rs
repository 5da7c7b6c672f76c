//! The stream as an order: the contract of a journal, appends of many messages, and what is passed over.

use entente_log::journal::{Journal as _, contract};
use entente_log::order::{Append, Item, Order as _, OrderError, Position};
use entente_log::{Entry, block};
use entente_release::Nation;
use entente_store::{Home, StoreError};
use entente_stream::servers::Servers;
use entente_stream::{By, Stream, recover};

use crate::fixture::{Replica, alone, applied, cluster, or_skipped, padded, servers};

#[test]
fn a_home_on_the_stream_keeps_the_contract_of_a_journal() {
    let Some(servers) = servers() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut joined = false;
    contract::holds(|| {
        let cluster = cluster(servers.settings("one"));
        let mut home = Home::open(folder.path()).unwrap();
        home.order_by(Box::new(Stream::new(cluster.clone()))).unwrap();
        if !std::mem::replace(&mut joined, true) {
            recover(&mut home, &cluster, &By::default(), &mut |_, _| ()).unwrap();
        }
        home.follow().unwrap();
        home
    });
    // The same is in the stream: a replica without anything has it all from there.
    let (other, empty) = (cluster(servers.settings("two")), tempfile::tempdir().unwrap());
    let mut home = Home::open(empty.path()).unwrap();
    home.order_by(Box::new(Stream::new(other.clone()))).unwrap();
    recover(&mut home, &other, &By::default(), &mut |_, _| ()).unwrap();
    assert_eq!(home.tip(), Home::open(folder.path()).unwrap().tip());
}

#[test]
fn an_append_of_many_messages_is_whole_or_not_there() {
    let Some(servers) = or_skipped(Servers::with(64 * 1024)) else { return };
    let mut one = Replica::join(alone(), servers.settings("one"));
    let mut two = Replica::join(tempfile::tempdir().unwrap(), servers.settings("two"));
    one.follow().unwrap();
    // 20 messages.
    let batch = (0..1000).map(|number| padded(number, 900)).collect();
    one.desk.take(batch, Nation::KOR, Some(&applied())).unwrap();
    two.follow().unwrap();
    assert_eq!((two.tip(), two.ledgers()), (one.tip(), one.ledgers()));
    assert!(two.has_once(0..1000));
    // The first message of an append whose writer then died: what follows it in the stream counts.
    let at = two.desk.home().position().unwrap();
    let pieces = dangling(&two);
    publish(&two, at, &pieces[0]);
    assert_eq!(two.take(2000..2001), 1);
    assert_eq!(one.take(2001..2002), 1);
    // The rest of it comes late, and counts for nobody.
    publish(&one, one.desk.home().position().unwrap(), &pieces[1]);
    assert_eq!(one.take(2002..2003), 1);
    two.follow().unwrap();
    assert_eq!((two.tip(), two.ledgers()), (one.tip(), one.ledgers()));
    let three = Replica::join(tempfile::tempdir().unwrap(), servers.settings("three"));
    assert!(three.has_once(0..1000) && three.has_once(2000..2003));
    assert!(three.desk.home().acts("left over").unwrap().is_empty());
}

/// The messages of an append that continues the log of a replica.
fn dangling(replica: &Replica) -> Vec<Vec<u8>> {
    let after = replica.tip();
    let act = entente_log::entry::Act {
        kind: "left over".into(),
        at: 7,
        json: format!("{{\"pad\":\"{}\"}}", "x".repeat(90_000)).into(),
    };
    let blocks = block::write(&[Entry::Act(act)], after.next, after.chain);
    let append = Append { after, blocks, notes: Vec::new() };
    entente_stream::v1::pieces(&append, &crate::fixture::key(), 60_000)
}

/// Puts bytes into the stream for the place after `at`.
fn publish(replica: &Replica, at: Position, bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let servers = replica.cluster.settings().servers.clone();
        let client = async_nats::connect(servers).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let message = async_nats::jetstream::message::PublishMessage::build()
            .payload(bytes.to_vec().into())
            .expected_last_sequence(at.seq);
        let sent = context.send_publish("entente.KOR.log", message).await.unwrap();
        sent.await.unwrap();
    });
}

#[test]
fn what_the_node_did_not_sign_is_passed_over() {
    let Some(servers) = servers() else { return };
    let mut one = Replica::join(alone(), servers.settings("one"));
    one.take(0..10);
    let (before, at) = (one.tip(), one.desk.home().position().unwrap());
    let forged = entente_log::key::Key::from_seed("KOR", &[8; 32]).unwrap();
    let act = entente_log::entry::Act { kind: "forged".into(), at: 7, json: "{}".into() };
    let blocks = block::write(&[Entry::Act(act)], before.next, before.chain);
    let append = Append { after: before, blocks, notes: Vec::new() };
    let message = entente_stream::v1::pieces(&append, &forged, 60_000).remove(0);
    publish(&one, at, &message);
    publish(&one, Position { seq: at.seq + 1, ..at }, b"nothing that reads");
    one.follow().unwrap();
    assert_eq!(one.tip(), before);
    assert_eq!(one.take(10..11), 1);
    let two = Replica::join(tempfile::tempdir().unwrap(), servers.settings("two"));
    assert!(two.has_once(0..11));
    assert!(two.desk.home().acts("forged").unwrap().is_empty());
}

#[test]
fn an_append_after_others_is_refused_and_leaves_nothing() {
    let Some(servers) = servers() else { return };
    let mut one = Replica::join(alone(), servers.settings("one"));
    let mut two = Replica::join(tempfile::tempdir().unwrap(), servers.settings("two"));
    one.follow().unwrap();
    let stale = two.tip();
    one.take(0..5);
    let act = entente_log::entry::Act { kind: "late".into(), at: 7, json: "{}".into() };
    let refused = two.desk.home_mut().append(&[Entry::Act(act)]);
    let moved = |error: &StoreError| matches!(error, StoreError::Order(OrderError::Moved));
    assert!(refused.as_ref().is_err_and(moved), "{refused:?}");
    assert_eq!(two.tip(), stale);
    // The same decision by the desk is taken anew.
    assert_eq!(two.take(0..6), 1);
    one.follow().unwrap();
    assert_eq!((two.tip(), two.ledgers()), (one.tip(), one.ledgers()));
    // What is there already is not put there again.
    let at = one.desk.home().position().unwrap();
    let goal = Item::Goal(one.tip());
    let mut stream = Stream::new(one.cluster.clone());
    let put = stream.publish(at, &goal).unwrap();
    assert_eq!(stream.publish(at, &goal), Ok(put));
    assert_eq!(Stream::new(one.cluster.clone()).publish(at, &goal), Ok(put));
    assert_eq!(one.cluster.end().unwrap().unwrap().last, put.seq);
}
