//! Our own accept loop: TLS handshakes under a time limit in tasks of their own, the peer's certificate handed on,
//! and connections that end gracefully when the sandbox stops.

use super::context::Origin;
use super::faults::CutConnection;
use crate::pki::PeerCertificate;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// How long a TLS handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to send its request line and headers, and how long an idle connection is kept.
const HEADER_LIMIT: Duration = Duration::from_secs(60);

/// Which front door a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listener {
    /// `--http`: everything, the resource servers with authorization.
    Http,
    /// `--open-http`: the resource servers without authorization.
    Open,
    /// `--https`: as [`Listener::Http`], and client certificates are read.
    Https,
}

/// What is known of the connection a request came by; a request extension.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The front door.
    pub listener: Listener,
    /// The peer's address.
    pub peer: SocketAddr,
    /// The client certificate, when one was sent. Possession of its key is proven, nothing else.
    pub certificate: Option<Arc<PeerCertificate>>,
    /// The first Host that was answered to, and what came of it.
    pub(super) origin: OnceLock<(String, Origin)>,
}

impl Connection {
    /// A connection that has just been accepted.
    pub fn new(listener: Listener, peer: SocketAddr, certificate: Option<Arc<PeerCertificate>>) -> Connection {
        Connection { listener, peer, certificate, origin: OnceLock::new() }
    }
}

/// Answers the connections of one listener with `handle` until `stop` changes, then lets those under way finish within
/// `stop_limit`.
pub async fn serve<H, F>(
    socket: TcpListener,
    listener: Listener,
    tls: Option<Arc<rustls::ServerConfig>>,
    handle: H,
    mut stop: watch::Receiver<bool>,
    stop_limit: Duration,
) where
    H: Fn(Arc<Connection>, Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let acceptor = tls.map(TlsAcceptor::from);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or the peer was gone before we came: neither is a reason to stop.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
            _ = stopped(&mut stop) => break,
        };
        let watcher = graceful.watcher();
        let (acceptor, handle) = (acceptor.clone(), handle.clone());
        tokio::spawn(async move {
            // Answers are small and written at once: waiting for more to send only delays them.
            let _ = stream.set_nodelay(true);
            match acceptor {
                None => {
                    let connection = Arc::new(Connection::new(listener, peer, None));
                    answer(stream, connection, handle, watcher).await;
                }
                Some(acceptor) => {
                    let Some((stream, certificate)) = handshake(acceptor, stream, peer).await else { return };
                    answer(stream, Arc::new(Connection::new(listener, peer, certificate)), handle, watcher).await;
                }
            }
        });
    }
    drop(socket);
    if tokio::time::timeout(stop_limit, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way at the stop and have been cut");
    }
}

/// Completes when the sandbox is to stop, or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
) -> Option<(TlsStream, Option<Arc<PeerCertificate>>)> {
    let stream = match tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::info!(%peer, %error, "a TLS handshake failed; does the client trust the sandbox's root (/_sandbox/ca.pem)?");
            return None;
        }
        Err(_) => {
            tracing::info!(%peer, "a TLS handshake took too long");
            return None;
        }
    };
    let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let certificate = leaf.and_then(|leaf| match PeerCertificate::read(leaf) {
        Ok(certificate) => Some(Arc::new(certificate)),
        Err(error) => {
            tracing::warn!(%peer, %error, "a client certificate could not be read and counts as none");
            None
        }
    });
    Some((stream, certificate))
}

async fn answer<S, H, F>(
    stream: S,
    connection: Arc<Connection>,
    handle: H,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Arc<Connection>, Request) -> F,
    F: Future<Output = Response> + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        // When the client goes away, its connection and all that was to be answered on it is dropped. A write that had
        // come whole is carried out all the same, as by a server behind a proxy: it runs on its own.
        let writes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let response = handle(connection.clone(), request.map(Body::new));
        async move {
            let response = match writes {
                false => response.await,
                true => tokio::spawn(response).await.map_err(|_| "the request could not be carried out")?,
            };
            // An error of the service ends the connection (HTTP/2: the stream) without an answer.
            match response.extensions().get::<CutConnection>() {
                Some(_) => Err("cut by a scripted fault"),
                None => Ok(response),
            }
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_LIMIT);
    builder.http2().timer(TokioTimer::new());
    // An error here is the peer's: it went away or does not speak HTTP.
    if let Err(error) = watcher.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned()).await {
        tracing::debug!(%error, "a connection ended with an error");
    }
}
