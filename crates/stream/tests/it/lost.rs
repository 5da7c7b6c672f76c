//! The stream is lost, or another than it was; replicas fill it again, and nobody writes meanwhile.

use std::thread::sleep;
use std::time::{Duration, Instant};

use entente_intake::IntakeError;
use entente_log::journal::Journal as _;
use entente_log::order::OrderError;
use entente_release::Nation;
use entente_store::{Home, StoreError};
use entente_stream::{By, Follower, Outcome, State, StreamError, recover};

use crate::fixture::{Replica, alone, applied, object, servers};

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(40), "not in time: {what}");
        sleep(Duration::from_millis(50));
    }
}

fn refused(replica: &mut Replica, number: usize) -> OrderError {
    let taken = replica.desk.take(vec![object(number)], Nation::KOR, Some(&applied()));
    match taken {
        Err(IntakeError::Store(StoreError::Order(error))) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stream_that_was_deleted_is_filled_by_the_replica_with_most() {
    let Some(servers) = servers() else { return };
    let mut one = Replica::join(alone(), servers.settings("one"));
    let mut two = Replica::join(tempfile::tempdir().unwrap(), servers.settings("two"));
    one.take(0..50);
    two.follow().unwrap();
    // One has what two has not.
    one.take(50..80);
    assert!(two.tip().next < one.tip().next);
    one.cluster.remove().unwrap();
    assert_eq!(refused(&mut one, 900), OrderError::Lost);
    assert_eq!(refused(&mut two, 900), OrderError::Lost);
    // Two alone does not fill it: one is known and may have more.
    let following = Follower::start(two.another_home(), two.cluster.clone()).unwrap();
    until(
        "two waits for one",
        || matches!(following.state(), State::Waiting(why) if why.contains("do not answer: one.")),
    );
    assert_eq!(one.cluster.end().unwrap(), None);
    let filling = Follower::start(one.another_home(), one.cluster.clone()).unwrap();
    until("both follow", || {
        [&following, &filling].iter().all(|follower| follower.state() == State::Following)
    });
    drop((following, filling));
    assert_eq!(two.take(80..81), 1);
    assert_eq!(one.take(81..82), 1);
    two.follow().unwrap();
    assert_eq!((two.tip(), two.ledgers()), (one.tip(), one.ledgers()));
    assert!(two.has_once(0..82));
    let three = Replica::join(tempfile::tempdir().unwrap(), servers.settings("three"));
    assert!(three.has_once(0..82), "the stream has it all again");
    assert_eq!(three.ledgers(), one.ledgers());
}

#[test]
fn a_person_may_fill_the_stream_without_a_replica_that_is_gone() {
    let Some(servers) = servers() else { return };
    let mut one = Replica::join(alone(), servers.settings("one"));
    let mut two = Replica::join(tempfile::tempdir().unwrap(), servers.settings("two"));
    two.take(0..20);
    one.follow().unwrap();
    two.take(20..30);
    one.cluster.remove().unwrap();
    let (mut home, cluster) = (one.another_home(), one.cluster.clone());
    let mut fill = |by: &By| recover(&mut home, &cluster, by, &mut |_, _| ());
    let missing = fill(&By::default()).unwrap();
    assert_eq!(missing, Outcome::Missing(vec!["two".to_owned()]));
    let without = By { without: vec!["two".to_owned()], anew: false };
    assert_eq!(fill(&without).unwrap(), Outcome::Settled);
    assert_eq!(one.take(100..110), 10);
    // Two has what was given up: it changes nothing, and says so.
    assert_eq!(refused(&mut two, 900), OrderError::Lost);
    let mut home = two.another_home();
    let (tip, cluster) = (home.tip(), two.cluster.clone());
    let compared = recover(&mut home, &cluster, &By::default(), &mut |_, _| ());
    let diverged = |error: &StreamError| {
        matches!(error, StreamError::Store(StoreError::Order(OrderError::Diverged { .. })))
    };
    assert!(compared.as_ref().is_err_and(diverged), "{compared:?}");
    assert_eq!(home.tip(), tip);
    assert!(one.has_once(100..110));
}

#[test]
fn what_a_stream_lost_at_its_end_is_given_back_to_it() {
    let Some(servers) = servers() else { return };
    let mut one = Replica::join(alone(), servers.settings("one"));
    one.take(0..10);
    // The stream as it was then, put back later: made anew from a folder that stopped there.
    let older = tempfile::tempdir().unwrap();
    entente_store::backup(one.folder.path(), &older.path().join("entente.db")).unwrap();
    one.take(10..500);
    one.cluster.remove().unwrap();
    let cluster = crate::fixture::cluster(servers.settings("older"));
    let mut old = Home::open(older.path()).unwrap();
    old.order_by(Box::new(entente_stream::Stream::new(cluster.clone()))).unwrap();
    let by = By { without: vec!["one".to_owned()], anew: false };
    assert_eq!(recover(&mut old, &cluster, &by, &mut |_, _| ()).unwrap(), Outcome::Settled);
    assert_eq!(refused(&mut one, 900), OrderError::Lost);
    let (mut newer, cluster) = (one.another_home(), one.cluster.clone());
    let filled = recover(&mut newer, &cluster, &By::default(), &mut |_, _| ()).unwrap();
    assert_eq!(filled, Outcome::Settled);
    assert_eq!(one.take(500..510), 10);
    let two = Replica::join(tempfile::tempdir().unwrap(), servers.settings("two"));
    assert!(two.has_once(0..510));
    assert_eq!(two.ledgers(), one.ledgers());
}

#[test]
fn a_stream_with_a_hole_is_noticed_and_filled_anew() {
    let Some(servers) = servers() else { return };
    let mut one = Replica::join(alone(), servers.settings("one"));
    one.take(0..10);
    one.take(10..20);
    one.take(20..30);
    let middle = one.desk.home().position().unwrap().seq - 1;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = async_nats::connect(servers.addresses()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let mut stream = context.get_stream("entente-KOR").await.unwrap();
        assert!(stream.delete_message(middle).await.is_err(), "nobody may delete a message");
        let mut config = stream.info().await.unwrap().config.clone();
        // As whoever runs the servers could, in their files.
        context.delete_stream("entente-KOR").await.unwrap();
        config.deny_delete = false;
        context.create_stream(config).await.unwrap();
    });
    let (mut home, cluster) = (one.another_home(), one.cluster.clone());
    let mut fill = |by: &By| recover(&mut home, &cluster, by, &mut |_, _| ());
    assert_eq!(fill(&By::default()).unwrap(), Outcome::Settled);
    one.take(30..40);
    runtime.block_on(async {
        let client = async_nats::connect(servers.addresses()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let stream = context.get_stream("entente-KOR").await.unwrap();
        // The goal is the first message, and what was given back the second.
        assert!(stream.delete_message(2).await.unwrap());
    });
    let empty = tempfile::tempdir().unwrap();
    let other = crate::fixture::cluster(servers.settings("two"));
    let mut joining = Home::open(empty.path()).unwrap();
    joining.order_by(Box::new(entente_stream::Stream::new(other.clone()))).unwrap();
    let joined = recover(&mut joining, &other, &By::default(), &mut |_, _| ());
    let gap = |error: &StreamError| {
        matches!(error, StreamError::Store(StoreError::Order(OrderError::Gap { .. })))
    };
    assert!(joined.as_ref().is_err_and(gap), "{joined:?}");
    assert_eq!(fill(&By { without: Vec::new(), anew: true }).unwrap(), Outcome::Settled);
    one.take(40..50);
    let two = Replica::join(tempfile::tempdir().unwrap(), servers.settings("two"));
    assert!(two.has_once(0..50));
}
