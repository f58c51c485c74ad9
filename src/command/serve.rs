//! `kanta-phr-sandbox serve`

use anyhow::{Context, Result};
use kanta_phr_sandbox::Sandbox;
use kanta_phr_sandbox::config::{LogFormat, ServeConfig};
use std::io::Write;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// How long requests under way may take after SIGTERM: within the ten seconds that Docker waits.
const STOP_LIMIT: Duration = Duration::from_secs(3);

pub fn run(config: ServeConfig) -> Result<ExitCode> {
    let config = config.with_file()?;
    log(&config)?;
    let mut options = config.options()?;
    options.stop_limit = STOP_LIMIT;
    // Before the sandbox is ready, so that no signal falls into a gap (as PID 1 there is no default action).
    let signals = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = signals.block_on(async { stop_signal() })?;
    // The file of an earlier run must not be taken for this one's; that of a sandbox that still runs is not ours to remove.
    if let Some(path) = config.ready_file.as_deref().filter(|path| is_left_over(path)) {
        std::fs::remove_file(path).with_context(|| format!("cannot write the ready file {}", path.display()))?;
    }
    let sandbox = Sandbox::start_blocking(options)?;
    if let Some(path) = &config.ready_file {
        write_ready_file(path, &sandbox)?;
    }
    // Nobody may be reading: a closed standard output is no reason to stop.
    let _ = std::io::stdout().lock().write_all(sandbox.summary().as_bytes());
    signals.block_on(stop);
    tracing::info!("stopping");
    sandbox.stop();
    Ok(ExitCode::SUCCESS)
}

fn log(config: &ServeConfig) -> Result<()> {
    let filter = EnvFilter::builder()
        .parse(config.log.as_deref().unwrap_or("warn"))
        .context("--log takes tracing filter directives such as info or kanta_phr_sandbox=debug")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format.unwrap_or_default() {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// Whether a ready file is there, but nothing listens where it says.
fn is_left_over(path: &Path) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
    let text = is_file.then(|| std::fs::read_to_string(path).ok()).flatten();
    let Some(addresses) = text.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()) else {
        return false;
    };
    let urls = ["http", "open_http", "https"].into_iter().filter_map(|name| addresses.get(name)?.as_str());
    let authorities = urls.filter_map(|url| url.split_once("://").map(|(_, authority)| authority));
    let mut addresses = authorities.filter_map(|authority| authority.to_socket_addrs().ok()).flatten();
    !addresses.any(|address| TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok())
}

/// Whoever waits for the file sees it whole or not at all.
fn write_ready_file(path: &Path, sandbox: &Sandbox) -> Result<()> {
    let front = sandbox.front();
    let addresses = serde_json::json!({
        "http": front.http,
        "open_http": front.open_http,
        "https": front.https,
        "issuer": sandbox.issuer(),
    });
    let text = format!("{addresses}\n");
    let failed = || format!("cannot write the ready file {}", path.display());
    if std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        // A pipe, a device, or a link such as /dev/stderr: not to be replaced by a file.
        return std::fs::write(path, text).with_context(failed);
    }
    let draft = path.with_extension("part");
    std::fs::write(&draft, text).with_context(failed)?;
    std::fs::rename(&draft, path).with_context(failed)
}

/// Completes at SIGTERM or SIGINT.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Completes at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
