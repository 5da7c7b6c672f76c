//! The status page: what this node is, who its partners are and what each was released.
//!
//! It tells counts, which no partner may learn: it is served on a loopback address of its own, for
//! the people who run the node.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use entente_intake::acts::{NodeAct, ProgrammeAct, kind};
use entente_intake::partners_of;
use entente_programme::Programme;
use entente_release::Partner;
use entente_store::Reader;
use maud::{DOCTYPE, Markup, html};

/// The page's routes.
pub(crate) fn routes(folder: &Path) -> Router {
    Router::new().route("/", get(page)).with_state(Arc::new(folder.to_owned()))
}

async fn page(State(folder): State<Arc<PathBuf>>) -> Response {
    let rendered = tokio::task::spawn_blocking(move || render(&folder)).await;
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
}

fn render(folder: &Path) -> Result<Markup> {
    let reader = Reader::open(folder)?;
    let node: Option<NodeAct> = match reader.acts(kind::NODE)?.pop() {
        Some((_, act)) => Some(serde_json::from_str(&act.json)?),
        None => None,
    };
    let nation = node.map(|node| node.nation).unwrap_or_default();
    let mut edges = Vec::new();
    for partner in partners_of(&reader.acts(kind::PARTNER)?)? {
        let released = reader.ledger_size(partner.index)?;
        let signed = reader.checkpoint(partner.index)?.map(|checkpoint| checkpoint.size);
        edges.push(Edge { partner, released, signed });
    }
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
            thead { tr { th { "Partner" } th { "Standing" } th { "Entries released" } th { "Signed up to" } } }
            tbody {
                @for edge in edges {
                    tr {
                        td { (edge.partner.nation) }
                        td { (format!("{:?}", edge.partner.standing).to_lowercase()) }
                        td { (edge.released) }
                        td { @match edge.signed { Some(size) => (size), None => "nothing yet" } }
                    }
                }
            }
        }
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

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:48rem;\
padding:0 1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ccc}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}th,td{border-color:#444}}";
