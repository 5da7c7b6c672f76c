//! Several writers at once, and servers that are killed meanwhile.

use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use entente_intake::IntakeError;
use entente_release::Nation;
use entente_store::StoreError;
use entente_stream::Follower;

use crate::fixture::{Replica, alone, applied, object, servers};

/// Waits until replicas have the same log.
fn same(one: &mut Replica, two: &mut Replica) {
    let start = Instant::now();
    loop {
        let followed = one.follow().is_ok() && two.follow().is_ok();
        if followed && one.tip() == two.tip() {
            return;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{:?} {:?}", one.tip(), two.tip());
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn replicas_that_write_at_once_have_one_order_and_one_ledger() {
    const EACH: usize = 150;
    let Some(servers) = servers() else { return };
    let mut one = Replica::join(alone(), servers.settings("one"));
    let mut two = Replica::join(tempfile::tempdir().unwrap(), servers.settings("two"));
    let followers = [&one, &two]
        .map(|replica| Follower::start(replica.another_home(), replica.cluster.clone()).unwrap());
    // A third of what they bring is the same.
    let taken: usize = scope(|scope| {
        let writers = [(&mut one, 0), (&mut two, 2 * EACH)].map(|(replica, first)| {
            scope.spawn(move || {
                let batch = |number: usize| {
                    let common = replica.take(EACH + number..EACH + number + 3);
                    common + replica.take(first + number..first + number + 3)
                };
                (0..EACH).step_by(3).map(batch).sum::<usize>()
            })
        });
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    drop(followers);
    same(&mut one, &mut two);
    assert_eq!(taken, 3 * EACH, "each object was taken in by one of them");
    assert!(one.has_once(0..3 * EACH) && two.has_once(0..3 * EACH));
    let ledgers = one.ledgers();
    assert_eq!(ledgers, two.ledgers());
    assert!(ledgers.iter().all(|(size, _)| usize::try_from(*size) == Ok(3 * EACH)), "{ledgers:?}");
}

#[test]
fn nothing_that_was_acknowledged_is_lost_when_servers_are_killed() {
    const BATCHES: usize = 30;
    let Some(mut servers) = servers() else { return };
    let mut one = Replica::join(alone(), servers.settings("one"));
    let mut two = Replica::join(tempfile::tempdir().unwrap(), servers.settings("two"));
    let follower = Follower::start(two.another_home(), two.cluster.clone()).unwrap();
    let mut unknown = 0;
    for batch in 0..BATCHES {
        if batch % 10 == 3 {
            servers.kill(batch / 10 % 3);
        }
        if batch % 10 == 8 {
            servers.run(batch / 10 % 3);
        }
        let numbers = batch * 50..batch * 50 + 50;
        loop {
            let objects = numbers.clone().map(object).collect();
            match one.desk.take(objects, Nation::KOR, Some(&applied())) {
                Ok(_) => break,
                Err(IntakeError::Store(StoreError::Order(error))) => {
                    unknown += 1;
                    assert!(unknown < 5, "{error}: {}", servers.log());
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    // All of them, one after the other, in the midst of nothing: a restart of the whole cluster.
    (0..3).for_each(|number| servers.kill(number));
    (0..3).for_each(|number| servers.run(number));
    servers.ready();
    same(&mut one, &mut two);
    drop(follower);
    assert!(one.has_once(0..BATCHES * 50) && two.has_once(0..BATCHES * 50));
    assert_eq!(one.ledgers(), two.ledgers());
}
