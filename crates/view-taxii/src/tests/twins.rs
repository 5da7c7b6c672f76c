//! ATTACKS.md row 6: two worlds that differ only in what Poland may not have give Poland the same
//! bytes, whatever it asks.

use proptest::prelude::{ProptestConfig, Strategy, any};
use proptest::{collection, prop_assert_eq, proptest, sample};

use super::fixture::{ARMS, CYBER, Given, made, micros};
use super::{Who, World, arms, cyber};

/// Something that happens in a world.
#[derive(Clone, Copy, Debug)]
struct Happening {
    /// Whether Poland receives it; if not, it happens in one of the worlds alone.
    shared: bool,
    count: u64,
    object_type: &'static str,
    under: &'static str,
    /// Another version of what came before, rather than new objects.
    again: bool,
}

fn happening() -> impl Strategy<Value = Happening> {
    let object_type = sample::select(vec!["indicator", "malware", "tool"]);
    let under = sample::select(vec![CYBER, CYBER, ARMS]);
    (any::<bool>(), 1u64..40, object_type, under, any::<bool>()).prop_map(
        |(shared, count, object_type, under, again)| Happening {
            shared,
            count,
            object_type,
            under,
            again,
        },
    )
}

/// A world in which all of it happens, or only what Poland receives.
fn world(happenings: &[Happening], all: bool) -> World {
    let world = World::new();
    for (step, happening) in (0u64..).zip(happenings) {
        let at = micros("2024-05-01T00:00:00Z") + i64::try_from(step).unwrap() * 1_000_000;
        // The objects of the two kinds have numbers of their own.
        let base = if happening.shared { 0 } else { 1_000_000 };
        let first = base + if happening.again { 1 } else { step * 100 + 1 };
        let modified = format!("2024-01-01T00:00:00.{step:03}Z");
        let objects: Vec<_> = (first..first + happening.count)
            .map(|number| made(happening.object_type, number, &modified))
            .collect();
        let to: &[&str] = if happening.shared { &["POL", "EST"] } else { &["USA", "EST"] };
        if happening.shared || all {
            let mut store = world.node.store.lock().unwrap();
            store.add(&objects, Given { by: "KOR", to, under: happening.under, at });
        }
    }
    world
}

/// Everything that Poland is answered, following every `next`.
fn transcript(world: &World) -> Vec<u8> {
    let mut out = Vec::new();
    let mut ask = |path: String| {
        let reply = world.get(Who::Pol, &path);
        out.extend(format!("{path} {} {:?}\n", reply.status, reply.headers).into_bytes());
        out.extend(&reply.body);
        let json: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        json["next"].as_str().map(str::to_owned)
    };
    ask("/taxii2/".to_owned());
    ask("/rok-nato/collections/".to_owned());
    for number in [1, 101, 1_000_001, 1_000_101] {
        let id = made("tool", number, "2024-01-01T00:00:00Z").id;
        ask(cyber(&format!("objects/{id}/?match[version]=all")));
        ask(cyber(&format!("objects/{id}/versions/")));
        ask(cyber(&format!("objects/?match[id]={id}&match[version]=first")));
    }
    for at in [cyber, arms] {
        for query in [
            "objects/?limit=7",
            "objects/?limit=100&match[version]=all",
            "objects/?limit=5&match[type]=tool,malware",
            "manifest/?limit=9&match[version]=first",
            "manifest/?added_after=2024-05-01T00:00:02Z&limit=20",
            "objects/?limit=0",
        ] {
            let mut next = ask(at(query));
            while let Some(cursor) = next {
                next = ask(at(&format!("{query}&next={cursor}")));
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_poland_may_not_have_changes_no_byte(
        happenings in collection::vec(happening(), 1..8)
    ) {
        let (one, other) = (world(&happenings, true), world(&happenings, false));
        let (one, other) = (transcript(&one), transcript(&other));
        prop_assert_eq!(String::from_utf8(one), String::from_utf8(other));
    }
}
