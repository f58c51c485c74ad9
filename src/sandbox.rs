//! Start, listen, stop: a sandbox on a thread and a runtime of its own.
//!
//! The thread makes it possible for a blocking HTTP client to talk to the sandbox from a single-threaded async test.

mod fixture;

use crate::authorization::{ClientKind, NewClient};
use crate::http::context::{App, Front};
use crate::http::listen::{self, Listener};
use crate::http::{entrance, routes};
use crate::pki::{Authority, ClientCertificates};
use crate::seed::{Author, Seed, SeedClientKind};
use crate::store::Store;
use crate::tenant::{Beginning, SeedAuthor, SeedRecord, Tenant};
use crate::time::{Clock, Random};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

pub use crate::http::context::PublicUrl;
pub use fixture::{
    ApprovalError, CitizenHandle, CitizenList, ClientRegistration, FixtureError, GrantedToken, RegisteredClient,
};

/// What a sandbox is started with. The default is a fixture's: free ports on loopback, everything in memory, the embedded seed.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything listens; `None` for nowhere, port 0 for a free one.
    pub http: Option<SocketAddr>,
    /// Where the open endpoint listens.
    pub open_http: Option<SocketAddr>,
    /// Where the TLS listener listens.
    pub https: Option<SocketAddr>,
    /// The base URL under which browsers reach `http`, when it differs from the back end's.
    pub public_url: Option<PublicUrl>,
    /// The same for `https`.
    pub https_public_url: Option<PublicUrl>,
    /// Further host names to answer to.
    pub allow_hosts: Vec<String>,
    /// Keeps all state; in memory when absent.
    pub data_dir: Option<PathBuf>,
    /// Keeps the certificate authority; made anew when absent.
    pub pki_dir: Option<PathBuf>,
    /// A folder with more seed data; where ids are the same, its files stand.
    pub seed_data: Option<PathBuf>,
    /// Folders, `.tgz` packages and JSON files of draft profiles, value sets and code systems beside the national ones.
    pub profiles: Vec<PathBuf>,
    /// What the control API asks for as a bearer token.
    pub control_token: Option<String>,
    /// Makes pseudonyms, codes and ids repeat from run to run, as far as the same requests come in the same order.
    pub random_seed: Option<u64>,
    /// Knobs by their names.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Citizens and clients beside the seeded ones; where ids are the same, these stand.
    pub seed_additions: Option<Seed>,
    /// How long requests under way may take when the sandbox stops.
    pub stop_limit: Duration,
}

impl Default for Options {
    fn default() -> Options {
        let free_port = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        Options {
            http: free_port,
            open_http: free_port,
            https: free_port,
            public_url: None,
            https_public_url: None,
            allow_hosts: Vec::new(),
            data_dir: None,
            pki_dir: None,
            seed_data: None,
            profiles: Vec::new(),
            control_token: None,
            random_seed: None,
            settings: serde_json::Map::new(),
            seed_additions: None,
            stop_limit: Duration::from_millis(200),
        }
    }
}

/// Why a sandbox did not start. Nothing is left behind or half-done.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address} for --{flag}: {error}{hint}", hint = bind_hint(error))]
    Listen {
        /// The flag that names the address.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// The data directory cannot be used.
    #[cfg(feature = "disk")]
    #[error(transparent)]
    Store(#[from] crate::store::OpenError),
    /// The certificate authority cannot be made or read.
    #[error(transparent)]
    Pki(#[from] crate::pki::AuthorityError),
    /// The TLS listener cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The seed data cannot be used.
    #[error(transparent)]
    Seed(#[from] crate::seed::SeedError),
    /// A supplier's own profiles cannot be used.
    #[error(transparent)]
    Profiles(#[from] crate::packages::PackageError),
    /// The tenant cannot be set up.
    #[error(transparent)]
    Tenant(#[from] crate::tenant::StartError),
    /// The thread or the runtime could not be started.
    #[error("the sandbox's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// All listeners are off.
    #[error("--http, --open-http and --https are all off: leave at least one on")]
    NothingListens,
    /// A control token without characters would protect nothing.
    #[error("--control-token is empty: give it characters, or leave it out")]
    EmptyControlToken,
    /// The thread ended before the sandbox was ready.
    #[error("the sandbox's thread ended before it was ready")]
    Ended,
}

fn bind_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            ". Something listens there already: stop it, or choose another address (port 0 takes a free one)"
        }
        std::io::ErrorKind::AddrNotAvailable => ". This machine does not have that address",
        std::io::ErrorKind::PermissionDenied => ". Ports below 1024 need privileges",
        _ => "",
    }
}

/// A running sandbox. It stops when dropped.
///
/// ```
/// use kanta_phr_sandbox::Sandbox;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let phr = Sandbox::start().await?; // free ports, in memory, seeded; stops on drop
/// let app = phr.register_client("Weight diary").redirect_uri("https://app.test/cb").scope("patient/Observation.read").await?;
/// let citizen = phr.citizens().first();
/// let token = citizen.approve(&app).await?; // no browser
///
/// let search = format!("{}/Observation?patient={}", phr.base_r4(), token.patient());
/// let answer = reqwest::Client::new().get(search).bearer_auth(token.access_token()).send().await?;
/// assert_eq!(answer.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sandbox {
    app: App,
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox with the default [`Options`].
    ///
    /// # Errors
    /// When no port is free or a thread cannot be started.
    pub async fn start() -> Result<Sandbox, StartError> {
        Sandbox::start_with(Options::default()).await
    }

    /// Starts a sandbox.
    ///
    /// # Errors
    /// As [`StartError`] says.
    pub async fn start_with(options: Options) -> Result<Sandbox, StartError> {
        let (starting, ready) = spawn(options)?;
        let started = ready.await;
        starting.finish(started)
    }

    /// Starts a sandbox from code that is not async.
    ///
    /// # Errors
    /// As [`StartError`] says.
    ///
    /// # Panics
    /// When called on a thread of an async runtime; use [`Sandbox::start_with`] there.
    pub fn start_blocking(options: Options) -> Result<Sandbox, StartError> {
        let (starting, ready) = spawn(options)?;
        let started = ready.blocking_recv();
        starting.finish(started)
    }

    /// What the handlers see, for the command line.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// The text that `serve` prints: addresses, a ready client, a citizen, a curl line.
    pub fn summary(&self) -> String {
        crate::http::control::overview::text(self.app())
    }

    /// How the sandbox is reached.
    pub fn front(&self) -> &Front {
        &self.app.front
    }

    /// The tenant, for tests that want to look inside.
    pub fn tenant(&self) -> &Tenant {
        &self.app.tenant
    }

    /// The base URL of `http`, without a slash at the end, or empty when it does not listen.
    pub fn http_url(&self) -> &str {
        self.app.front.http.as_deref().unwrap_or_default()
    }

    /// The base URL of the open endpoint.
    pub fn open_url(&self) -> &str {
        self.app.front.open_http.as_deref().unwrap_or_default()
    }

    /// The base URL of the TLS listener.
    pub fn https_url(&self) -> &str {
        self.app.front.https.as_deref().unwrap_or_default()
    }

    /// The issuer of `http`, which ends with `/`.
    pub fn issuer(&self) -> String {
        let base = self.app.front.public_url.as_ref().map_or(self.http_url(), PublicUrl::as_str);
        format!("{base}/phr-authserver-sandbox/")
    }

    /// The authorized R4 base URL.
    pub fn base_r4(&self) -> String {
        format!("{}/phr-resourceserver/baseR4", self.http_url())
    }

    /// The authorized STU3 base URL.
    pub fn base_stu3(&self) -> String {
        format!("{}/phr-resourceserver/baseStu3", self.http_url())
    }

    /// The root certificate to trust, in PEM.
    pub fn ca_pem(&self) -> String {
        self.app.authority.root_pem()
    }

    /// Stops and waits until the ports and the data directory are free again.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// A sandbox whose thread runs, but which may not be ready yet.
struct Starting {
    stop: watch::Sender<bool>,
    thread: thread::JoinHandle<()>,
}

type Ready = Result<App, StartError>;

impl Starting {
    fn finish(self, started: Result<Ready, oneshot::error::RecvError>) -> Result<Sandbox, StartError> {
        match started {
            Ok(Ok(app)) => Ok(Sandbox { app, stop: self.stop, thread: Some(self.thread) }),
            Ok(Err(error)) => {
                let _ = self.thread.join();
                Err(error)
            }
            Err(_) => Err(StartError::Ended),
        }
    }
}

fn spawn(options: Options) -> Result<(Starting, oneshot::Receiver<Ready>), StartError> {
    let (stop, stopped) = watch::channel(false);
    let (tell, ready) = oneshot::channel();
    let thread = thread::Builder::new().name("phr-sandbox".to_owned()).spawn(move || run(options, tell, stopped))?;
    Ok((Starting { stop, thread }, ready))
}

/// The life of a sandbox, on its thread.
fn run(options: Options, tell: oneshot::Sender<Ready>, stop: watch::Receiver<bool>) {
    let runtime = match tokio::runtime::Builder::new_multi_thread().thread_name("phr-worker").enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = tell.send(Err(error.into()));
            return;
        }
    };
    let stop_limit = options.stop_limit;
    runtime.block_on(async move {
        match prepare(options).await {
            Ok((app, listeners)) => {
                let router = routes::router(app.clone());
                let mut tasks = tokio::task::JoinSet::new();
                for Bound { socket, listener, tls } in listeners {
                    let (app, router) = (app.clone(), router.clone());
                    let handle =
                        move |connection, request| entrance::handle(app.clone(), router.clone(), connection, request);
                    tasks.spawn(listen::serve(socket, listener, tls, handle, stop.clone(), stop_limit));
                }
                let _ = tell.send(Ok(app));
                while tasks.join_next().await.is_some() {}
            }
            Err(error) => {
                let _ = tell.send(Err(error));
            }
        }
    });
    // Connections that outlived the limit are cut; work on blocking threads (a commit) is finished first.
    runtime.shutdown_timeout(Duration::from_secs(1));
}

struct Bound {
    socket: TcpListener,
    listener: Listener,
    tls: Option<Arc<rustls::ServerConfig>>,
}

async fn prepare(options: Options) -> Result<(App, Vec<Bound>), StartError> {
    if options.http.is_none() && options.open_http.is_none() && options.https.is_none() {
        return Err(StartError::NothingListens);
    }
    if options.control_token.as_deref().is_some_and(str::is_empty) {
        return Err(StartError::EmptyControlToken);
    }
    // The addresses first: a port in use must not leave a new data directory behind.
    let mut bound = Vec::new();
    let mut front = Front {
        public_url: options.public_url,
        https_public_url: options.https_public_url,
        allow_hosts: options.allow_hosts,
        control_token: options.control_token,
        ..Front::default()
    };
    let wanted = [
        ("http", options.http, Listener::Http),
        ("open-http", options.open_http, Listener::Open),
        ("https", options.https, Listener::Https),
    ];
    for (flag, address, listener) in wanted {
        let Some(address) = address else { continue };
        let failed = |error| StartError::Listen { flag, address, error };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let url = |scheme: &str, bound: SocketAddr| Some(format!("{scheme}://{}", reachable(bound)));
        let local = socket.local_addr().map_err(failed)?;
        match listener {
            Listener::Http => front.http = url("http", local),
            Listener::Open => front.open_http = url("http", local),
            Listener::Https => front.https = url("https", local),
        }
        bound.push(Bound { socket, listener, tls: None });
    }
    let random = Arc::new(options.random_seed.map_or_else(Random::system, Random::seeded));
    let seed = match &options.seed_data {
        Some(folder) => Seed::embedded().extended_by(&Seed::read_dir(folder)?)?,
        None => Seed::embedded(),
    };
    let mut ready_client = seed.clients().first().map(|client| client.client_id.clone());
    let seed = match &options.seed_additions {
        Some(additions) => {
            // The developer's own client is the one to show.
            ready_client = additions.clients().first().map(|client| client.client_id.clone()).or(ready_client);
            seed.extended_by(additions)?
        }
        None => seed,
    };
    let (profiles, ignored) = crate::packages::load(&options.profiles)?;
    for each in ignored {
        tracing::warn!("--profiles: {each}");
    }
    for note in profiles.notes() {
        tracing::warn!("--profiles: note: {note}");
    }
    let now = Clock::system().now();
    let names: Vec<String> = [&front.public_url, &front.https_public_url]
        .into_iter()
        .flatten()
        .map(|url| url.host().to_owned())
        .chain(front.allow_hosts.iter().cloned())
        .collect();
    // Everything that can be wrong with the configuration shows before anything is written.
    let beginning = Beginning { profiles, ..beginning(seed, ready_client, options.settings) };
    beginning.check(&random)?;
    let store = open_store(options.data_dir)?;
    let authority = match &options.pki_dir {
        Some(folder) => Authority::load_or_create(folder, &names, now, &random)?,
        None => Authority::create(&names, now, &random)?,
    };
    for bound in bound.iter_mut().filter(|bound| bound.listener == Listener::Https) {
        let config = authority.server_config(ClientCertificates::Requested { foreign: &[] });
        bound.tls = Some(Arc::new(config.map_err(|error| StartError::Tls(error.to_string()))?));
    }
    let tenant = Tenant::start("main", store, random, beginning)?;
    let app = App::new(tenant, front, authority);
    Ok((app, bound))
}

/// The seed as the plain values a tenant begins with.
fn beginning(
    seed: Seed,
    ready_client: Option<String>,
    settings: serde_json::Map<String, serde_json::Value>,
) -> Beginning {
    let clients = seed.clients().iter().cloned().map(|client| NewClient {
        name: client.name,
        redirect_uris: client.redirect_uris,
        scope: client.scope,
        kind: match client.kind {
            SeedClientKind::Wellbeing => ClientKind::Wellbeing,
            SeedClientKind::Professional => ClientKind::Professional,
        },
        oid: client.oid,
        client_id: Some(client.client_id),
        client_secret: Some(client.client_secret),
        client_uri: None,
        post_logout_redirect_uris: Vec::new(),
        description: client.description,
        descriptions: client.descriptions,
        contacts: client.contacts,
        logo_uri: client.logo_uri,
    });
    Beginning {
        citizens: seed.citizens().to_vec(),
        clients: clients.collect(),
        ready_client,
        settings,
        profiles: crate::fhir::definitions::Profiles::default(),
        records: Arc::new(move |citizen, start, pseudonym| {
            let record = |record: crate::seed::SeedRecord| SeedRecord {
                version: record.version,
                resource_type: record.resource_type.to_owned(),
                json: record.json,
                stored_at: record.stored_at,
                author: match record.author {
                    Author::Citizen => None,
                    Author::Client { client_id, name } => {
                        Some(SeedAuthor { client_id: client_id.to_string(), name: name.to_string() })
                    }
                },
            };
            seed.records(citizen, start, pseudonym).map(record).collect()
        }),
    }
}

/// An address that a client on this machine can use: every interface includes loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, v6.port())),
        other => other,
    }
}

/// A new data folder is its owner's alone: it holds client secrets and keys. Whether it can be used, the store says.
#[cfg(feature = "disk")]
fn make_private(folder: &std::path::Path) {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let _ = builder.create(folder);
}

#[cfg(feature = "disk")]
fn open_store(data_dir: Option<PathBuf>) -> Result<Store, StartError> {
    Ok(match data_dir {
        // In a folder of its own: certificates lie beside it, and a volume may hold a lost+found.
        Some(folder) => {
            make_private(&folder);
            Store::open(&folder.join("store"))?
        }
        None => Store::in_memory(),
    })
}

#[cfg(not(feature = "disk"))]
fn open_store(data_dir: Option<PathBuf>) -> Result<Store, StartError> {
    match data_dir {
        Some(_) => Err(StartError::Thread(std::io::Error::other(
            "this build has no disk: enable the feature `disk` for data_dir",
        ))),
        None => Ok(Store::in_memory()),
    }
}
