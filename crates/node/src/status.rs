//! The status page: what this node is, who its partners are and what each was released.
//!
//! It tells counts, which no partner may learn: it is served on a loopback address of its own, for
//! the people who run the node.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use entente_intake::acts::{NodeAct, ProgrammeAct, kind};
use entente_intake::partners_of;
use entente_object::time::Timestamp;
use entente_peer::follow::State;
use entente_programme::Programme;
use entente_release::Partner;
use entente_store::Reader;
use maud::{DOCTYPE, Markup, html};

use crate::federate::Board;

/// The page's routes.
pub(crate) fn routes(folder: &Path, board: Board) -> Router {
    let here = Arc::new(Here { folder: folder.to_owned(), board });
    Router::new().route("/", get(page)).route("/edges.json", get(edges)).with_state(here)
}

/// What the pages are made from.
struct Here {
    folder: PathBuf,
    board: Board,
}

/// The edges, for scripts.
async fn edges(extract::State(here): extract::State<Arc<Here>>) -> Response {
    let listed = tokio::task::spawn_blocking(move || {
        let reader = Reader::open(&here.folder)?;
        Ok::<_, anyhow::Error>(read_edges(&reader, &here.board)?.iter().map(Edge::json).collect())
    });
    match listed.await {
        Ok(Ok(edges)) => {
            ([(CONTENT_TYPE, "application/json")], serde_json::Value::Array(edges).to_string())
                .into_response()
        }
        Ok(Err(error)) => {
            tracing::error!("the edges could not be listed: {error:#}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn page(extract::State(here): extract::State<Arc<Here>>) -> Response {
    let rendered = tokio::task::spawn_blocking(move || render(&here)).await;
    match rendered {
        Ok(Ok(markup)) => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'";
            ([(CONTENT_SECURITY_POLICY, policy)], Html(markup.into_string())).into_response()
        }
        Ok(Err(error)) => {
            tracing::error!("the status page could not be made: {error:#}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

struct Edge {
    partner: Partner,
    released: u64,
    signed: Option<u64>,
    /// How many of the entries released the partner's node has given a receipt for.
    acknowledged: Option<u64>,
    /// How many entries of the partner's ledger are here.
    received: Option<u64>,
    /// Whether and how the partner's node is followed.
    state: Option<State>,
}

impl Edge {
    fn json(&self) -> serde_json::Value {
        let state = self.state.clone().unwrap_or_default();
        serde_json::json!({
            "nation": self.partner.nation.to_string(),
            "standing": format!("{:?}", self.partner.standing).to_lowercase(),
            "released": self.released,
            "acknowledged": self.acknowledged,
            "received": self.received,
            "signed_by_partner": state.signed,
            "following": state.following,
            "trouble": state.trouble,
            "heard": state.heard.map(Timestamp::to_stix),
        })
    }

    /// How many entries of the partner are signed and not here yet.
    fn lag(&self) -> Option<u64> {
        let signed = self.state.as_ref()?.signed;
        Some(signed.saturating_sub(self.received.unwrap_or_default()))
    }
}

fn read_edges(reader: &Reader, board: &Board) -> Result<Vec<Edge>> {
    let mut states = board.now();
    let mut edges = Vec::new();
    for partner in partners_of(&reader.acts(kind::PARTNER)?)? {
        let state = states.remove(&partner.nation);
        let size = |kind: String| -> Result<Option<u64>> {
            let Some((_, act)) = reader.last_act_of(&kind)? else { return Ok(None) };
            let act: serde_json::Value = serde_json::from_str(&act.json)?;
            Ok(act.get("size").and_then(serde_json::Value::as_u64))
        };
        edges.push(Edge {
            released: reader.ledger_size(partner.index)?,
            signed: reader.checkpoint(partner.index)?.map(|checkpoint| checkpoint.size),
            acknowledged: size(kind::receipt(partner.nation))?,
            received: size(kind::received(partner.nation))?,
            state,
            partner,
        });
    }
    Ok(edges)
}

fn render(here: &Here) -> Result<Markup> {
    let reader = Reader::open(&here.folder)?;
    let node: Option<NodeAct> = match reader.acts(kind::NODE)?.pop() {
        Some((_, act)) => Some(serde_json::from_str(&act.json)?),
        None => None,
    };
    let nation = node.map(|node| node.nation).unwrap_or_default();
    let edges = read_edges(&reader, &here.board)?;
    let mut programmes: Vec<Programme> = Vec::new();
    for (_, act) in reader.acts(kind::PROGRAMME)? {
        let act: ProgrammeAct = serde_json::from_str(&act.json)?;
        if let Ok(programme) = Programme::parse(&act.text, &act.file) {
            programmes.retain(|known| known.id() != programme.id());
            programmes.push(programme);
        }
    }
    let waiting = reader.waiting_count()?;
    Ok(layout(
        &nation,
        &html! {
            h1 { "Node of " (nation) }
            p { (waiting) " objects wait for approval, for their time or for what they mention." }
            (edges_table(&edges))
            h2 { "Programmes" }
            @for programme in &programmes {
                p { b { (programme.id()) } ": " (programme.head().title) ", "
                    (programme.parties().len()) " parties, " (programme.areas().len()) " areas" }
            }
        },
    ))
}

fn edges_table(edges: &[Edge]) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th { "Partner" } th { "Standing" } th { "Released" } th { "Signed up to" }
                    th { "Receipt up to" } th { "Received" } th { "Lag" } th { "Its node" }
                }
            }
            tbody {
                @for edge in edges {
                    tr {
                        td { (edge.partner.nation) }
                        td { (format!("{:?}", edge.partner.standing).to_lowercase()) }
                        td { (edge.released) }
                        td { (count(edge.signed, "nothing yet")) }
                        td { (count(edge.acknowledged, "not acknowledged")) }
                        td { (count(edge.received, "–")) }
                        td { (count(edge.lag(), "–")) }
                        td { (node_of(edge)) }
                    }
                }
            }
        }
    }
}

fn count(number: Option<u64>, none: &str) -> String {
    number.map_or_else(|| none.to_owned(), |number| number.to_string())
}

fn node_of(edge: &Edge) -> String {
    match &edge.state {
        None => "not met".to_owned(),
        Some(State { trouble: Some(trouble), .. }) => trouble.clone(),
        Some(State { following: true, .. }) => "followed".to_owned(),
        Some(_) => "not reached yet".to_owned(),
    }
}

fn layout(nation: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Entente: " (nation) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;\
padding:0 1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ccc}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}th,td{border-color:#444}}";
