//! How far each replica is, asked of all that are being served.
//!
//! Invariant: an answer is signed with the node's key for the one question that it answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use entente_log::block::Chain;
use entente_log::journal::Tip;
use entente_log::key::verify_bytes;
use entente_log::order::OrderError;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::cluster::Cluster;
use crate::limits::CENSUS_FOR;

/// A replica that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Where its log ends.
    pub tip: Tip,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    replica: String,
    next: u64,
    chain: String,
    signature: String,
}

/// Asks all replicas how far they are; ends early when all of `expected` have answered.
pub fn census(
    cluster: &Cluster,
    expected: &[String],
) -> Result<BTreeMap<String, Heard>, OrderError> {
    cluster.wait(async {
        let (client, _) = cluster.connected().await?;
        let failed = |error: String| OrderError::Unavailable(error);
        // The name of an inbox is random: it stands for the question.
        let inbox = client.new_inbox();
        let subscribed = client.subscribe(inbox.clone()).await;
        let mut answers = subscribed.map_err(|error| failed(error.to_string()))?;
        let asked = client
            .publish_with_reply(cluster.census_subject(), inbox.clone(), "".into())
            .await
            .map_err(|error| failed(error.to_string()));
        asked?;
        let until = Instant::now() + CENSUS_FOR;
        let mut heard = BTreeMap::new();
        while !expected.iter().all(|name| heard.contains_key(name)) || expected.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(Some(message)) = timeout(left, answers.next()).await else { break };
            heard.extend(read(cluster, &inbox, &message.payload));
        }
        Ok(heard)
    })
}

fn read(cluster: &Cluster, question: &str, bytes: &[u8]) -> Option<(String, Heard)> {
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    let tip = Tip { next: answer.next, chain: from_hex::<32>(&answer.chain)? };
    let (_, public) = cluster.signer();
    let text = text(question, &answer.replica, tip);
    let signed = verify_bytes(public, text.as_bytes(), &from_hex::<64>(&answer.signature)?);
    signed.then_some((answer.replica, Heard { tip }))
}

/// Answers to such questions until it is dropped.
pub(crate) fn answer(cluster: &Cluster, tip: Arc<Mutex<Tip>>) -> tokio::task::JoinHandle<()> {
    let cluster = cluster.clone();
    cluster.clone().spawn(async move {
        loop {
            // Without a connection nobody can ask either.
            if let Err(error) = answer_while_connected(&cluster, &tip).await {
                tracing::debug!("questions of other replicas are not heard: {error}");
            }
            tokio::time::sleep(CENSUS_FOR).await;
        }
    })
}

async fn answer_while_connected(cluster: &Cluster, tip: &Mutex<Tip>) -> Result<(), OrderError> {
    let failed = |error: String| OrderError::Unavailable(error);
    let (client, _) = cluster.connected().await?;
    let subscribed = client.subscribe(cluster.census_subject()).await;
    let mut questions = subscribed.map_err(|error| failed(error.to_string()))?;
    while let Some(question) = questions.next().await {
        let Some(reply) = question.reply else { continue };
        let tip = *tip.lock().unwrap_or_else(PoisonError::into_inner);
        let replica = cluster.settings().replica.clone();
        let signature = cluster.key().sign_bytes(text(&reply, &replica, tip).as_bytes());
        let (chain, signature) = (hex(&tip.chain), hex(&signature));
        let answer = Answer { replica, next: tip.next, chain, signature };
        let bytes = serde_json::to_vec(&answer).map_err(|error| failed(error.to_string()))?;
        let published = client.publish(reply, bytes.into()).await;
        published.map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}

fn text(question: &str, replica: &str, tip: Tip) -> String {
    let chain = hex(&tip.chain);
    format!("entente stream census 1\n{question}\n{replica}\n{}\n{chain}\n", tip.next)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// How a chain is shown to people.
pub fn shown(chain: &Chain) -> String {
    hex(chain.get(..6).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_comes_back_and_nothing_else_reads() {
        let bytes = [0, 1, 0x7f, 0xff];
        assert_eq!(from_hex::<4>(&hex(&bytes)), Some(bytes));
        for bad in ["", "00", "0001ff7", "0001ff7x", "0001ff7f00", "é00000"] {
            assert_eq!(from_hex::<4>(bad), None, "{bad}");
        }
    }
}
