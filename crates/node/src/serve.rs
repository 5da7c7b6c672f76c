//! `entente serve`: TAXII 2.1 for partners, the status page for the people who run the node.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use entente_log::key::Key;
use entente_peer::growth::growth;
use entente_peer::met::{Met, met};
use entente_release::partner::{Channel, Standing};
use entente_store::Reader;
use entente_stream::Follower;
use entente_view_programme::api;
use entente_view_taxii::{Doors, Secrets, Service, Settings, app};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::certificate::{Authority, CRL_LASTS, Keys};
use crate::cli::Serve;
use crate::doors::{Door, Register};
use crate::federate::{Federation, watch_growth};
use crate::feed;
use crate::folder;
use crate::listen::{Tls, serve};
use crate::office;
use crate::print::Printer;
use crate::replica;
use crate::status;

/// How often the node looks for objects whose time has come.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How often it is looked whether certificates, cards or the revocation list changed.
const RELOAD_EVERY: Duration = Duration::from_secs(1);

/// What is being served, and how to stop it.
pub(crate) struct Running {
    /// Where partners ask.
    pub(crate) address: SocketAddr,
    /// Where the status page is.
    pub(crate) status: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    /// Of one of several replicas: folds what the others write.
    follower: Option<Follower>,
    /// Held so that nobody replaces the store meanwhile.
    _serving: std::fs::File,
}

impl Running {
    /// Ends all connections in order.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            let _ended = task.await;
        }
        // It ends within a second, and this thread may wait.
        drop(self.follower);
    }
}

/// `entente serve`, until it is told to end.
pub(crate) fn run(folder: &Path, args: &Serve, printer: Printer) -> Result<u8> {
    runtime()?.block_on(async {
        let told = told_to_end();
        let running = start(folder, args).await?;
        let scheme = if args.plain { "http" } else { "https" };
        let document = json!({
            "address": format!("{scheme}://{}", running.address),
            "taxii": format!("{scheme}://{}/taxii2/", running.address),
            "status": format!("http://{}/", running.status),
        });
        let lines = [
            format!("TAXII 2.1:   {scheme}://{}/taxii2/", running.address),
            format!("status page: http://{}/", running.status),
            "end with Ctrl-C".to_owned(),
        ];
        printer.either(&document, &lines)?;
        if args.with_parent {
            let alone = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
            tokio::select! {
                () = told => {}
                _ = alone => {}
            }
        } else {
            told.await;
        }
        running.stop().await;
        Ok(0)
    })
}

/// The runtime: its threads serve; questions to the store have threads of their own.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Waits for Ctrl-C or SIGTERM. What comes from the call on counts.
pub(crate) fn told_to_end() -> impl Future<Output = ()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async move {
        let terminated = async {
            match &mut terminate {
                Ok(signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
    }
}

/// Begins to serve.
pub(crate) async fn start(folder: &Path, args: &Serve) -> Result<Running> {
    if let Some(cluster) = &args.cluster {
        replica::join_to_serve(folder, cluster)?;
    }
    folder::must_hold_node(folder)?;
    let serving = folder::serving(folder)?;
    let listener = TcpListener::bind(&args.listen).await.with_context(|| {
        format!("{} cannot be listened on: is another node there?", args.listen)
    })?;
    let address = listener.local_addr()?;
    if args.plain && !address.ip().is_loopback() {
        bail!("{address} is not a loopback address: without TLS passwords would be readable");
    }
    let page = TcpListener::bind(("127.0.0.1", 0)).await.context("no port for the status page")?;
    let status_address = page.local_addr()?;
    renew_list(&Keys::of(folder));
    let clock = folder::clock();
    let tls = if args.plain {
        None
    } else {
        let home = Some(folder.to_owned());
        Some(Arc::new(Tls::load(Keys::of(folder), clock.clone(), home)?))
    };
    let desk = folder::open(folder)?;
    let follower = replica::follow(folder, desk.home())?;
    let door = Arc::new(Door::new(desk, folder));
    let register = Arc::new(Register::open(folder)?);
    let service = service(args, (folder, door.clone(), register.clone()), clock.clone())?;
    let (stop, stopped) = watch::channel(false);
    let (grown, growth) = growth();
    let epoch = Duration::from_secs(args.epoch);
    let federation = Federation::new(folder, &door, clock, epoch)?;
    let ended = |mut stopped: watch::Receiver<bool>| async move {
        let _sender_is_gone = stopped.wait_for(|stop| *stop).await;
    };
    let configs = tls.as_ref().map(|tls| tls.configs());
    let taxii = federation.routes(register, growth).fallback_service(app(service));
    let pages = status::routes(folder, federation.board.clone());
    let pages = pages.merge(api::routes(Arc::new(office::Here::new(door.clone()))));
    let (end_taxii, end_pages) = (ended(stopped.clone()), ended(stopped.clone()));
    let tasks = vec![
        tokio::spawn(async move {
            serve(listener, configs, taxii, end_taxii).await;
        }),
        tokio::spawn(async move {
            serve(page, None, pages, end_pages).await;
        }),
        tokio::spawn(feed::run_when_due(folder.to_owned(), door.clone(), stopped.clone())),
        tokio::spawn(look(door.clone(), epoch, stopped.clone())),
        tokio::spawn(watch_growth(folder.to_owned(), grown, stopped.clone())),
        tokio::spawn(federation.run(stopped.clone())),
        tokio::spawn(reload(folder.to_owned(), (door, tls), stopped)),
    ];
    Ok(Running { address, status: status_address, stop, tasks, follower, _serving: serving })
}

fn service(
    args: &Serve,
    (folder, door, register): (&Path, Arc<Door>, Arc<Register>),
    clock: Arc<dyn entente_object::clock::Clock>,
) -> Result<Arc<Service>> {
    let settings = Settings {
        title: format!("Entente node of {}", door.desk().here()),
        description: Some("Releases what the partnership programme permits".to_owned()),
        contact: None,
        api_root: args.api_root.clone(),
        public_url: args.public_url.clone(),
        in_clear: args.plain,
        channel: Channel::default(),
    };
    let secrets = Secrets {
        cursors: folder::read_secret(&folder::keys(folder).join("cursors.key"))?,
        logins: folder::random()?,
    };
    let doors = Doors {
        store: folder.to_owned(),
        directory: register.clone(),
        accounts: register,
        inbox: door,
        clock,
    };
    Ok(Service::new(settings, secrets, doors)?)
}

/// Releases objects when their time comes, takes them back when it is over, and closes epochs.
async fn look(door: Arc<Door>, epoch: Duration, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK_EVERY.min(epoch)) => {}
        }
        let door = door.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let seed = folder::random()?;
            let mut desk = door.desk();
            desk.expire()?;
            desk.decide_again()?;
            desk.settle()?;
            anyhow::Ok(desk.close_epoch(epoch, seed)?)
        });
        let looked = looked.await;
        if let Ok(Err(error)) = looked {
            tracing::error!("what waits could not be decided anew: {error}");
        }
    }
}

/// When the files of certificates were changed.
fn changed_at(keys: &Keys) -> Vec<Option<std::time::SystemTime>> {
    let changed = |path: std::path::PathBuf| path.metadata().and_then(|file| file.modified()).ok();
    let shown = [keys.server(), keys.server_key(), keys.client()];
    let counts = keys.authorities().flat_map(|keys| [keys.root(), keys.crl()]);
    shown.into_iter().chain(counts).map(changed).collect()
}

/// Signs the revocation list anew before it ends, where the root key is at hand.
fn renew_list(keys: &Keys) {
    let now = folder::clock().now();
    let faults = keys.faults(now);
    for keys in keys.authorities() {
        let ends = faults.iter().any(|fault| fault.is_about(&keys.crl()));
        if ends && keys.root_key().exists() {
            let renewed = Authority::open(&keys).and_then(|root| root.write_crl(now, CRL_LASTS));
            if let Err(error) = renewed {
                tracing::error!("the revocation list was not renewed: {error}");
            }
        }
    }
}

/// The cards that were accepted, of those who still take part.
fn nodes_met(folder: &Path) -> Option<Vec<String>> {
    let met = met(&Reader::open(folder).ok()?).ok()?;
    let takes_part = |met: &&Met| met.standing != Standing::Revoked;
    Some(met.values().filter(takes_part).map(|met| met.card.text().to_owned()).collect())
}

/// Signs with the keys that are there now. A command may have replaced them.
fn resign(folder: &Path, door: &Door) -> Result<()> {
    let mut desk = door.desk();
    let signs = desk.home().key().map(|key| (key.public(), key.before().map(Key::public)));
    let found = folder::signing_key(folder, desk.here())?;
    if signs == Some((found.public(), found.before().map(Key::public))) {
        return Ok(());
    }
    desk.look_again()?;
    folder::sign(folder, &mut desk)?;
    Ok(desk.home_mut().sign_anew()?)
}

/// Reads keys, certificates, cards and the revocation list again, so that changes count without a
/// restart.
async fn reload(
    folder: PathBuf,
    (door, tls): (Arc<Door>, Option<Arc<Tls>>),
    mut stopped: watch::Receiver<bool>,
) {
    let keys = Keys::of(&folder);
    let mut signed = folder::signs_since(&folder);
    let mut known = (changed_at(&keys), nodes_met(&folder));
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(RELOAD_EVERY) => {}
        }
        renew_list(&keys);
        let since = folder::signs_since(&folder);
        if since != signed {
            let (folder, door) = (folder.clone(), door.clone());
            match tokio::task::spawn_blocking(move || resign(&folder, &door)).await {
                Ok(Ok(())) => signed = since,
                Ok(Err(error)) => tracing::error!("the new key does not count yet: {error:#}"),
                Err(error) => tracing::error!("the new key does not count yet: {error}"),
            }
        }
        let Some(tls) = &tls else { continue };
        // A reload ends connections after their request: only where there is something new.
        let now = (changed_at(&keys), nodes_met(&folder));
        if now == known {
            continue;
        }
        let stays = |card: &String| now.1.as_ref().is_some_and(|cards| cards.contains(card));
        let only_added = now.0 == known.0 && known.1.iter().flatten().all(stays);
        match tls.reload(!only_added) {
            Ok(()) => known = now,
            Err(error) => tracing::error!("certificates were not read again: {error}"),
        }
    }
}
